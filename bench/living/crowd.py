"""Many clients that order at a stated rate, whether or not they have been answered: an open loop.

Latency counts from the moment at which a request was due, so that a server that falls behind is not spared.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from uuid import uuid4

BODY = {"pool_id": "h100", "product": "flex", "nodes": 1, "duration_s": 86_400}
IDLE_S = 3.0
SIZES = ((1, 80), (2, 15), (4, 5))


@dataclass
class Answers:
    """What came back."""

    latency_s: list[float] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, latency_s: float, status: int, body: bytes) -> None:
        if status not in (200, 201, 202):
            self.failures.append(f"{status} {body[:200]!r}")
            return
        told = json.loads(body)
        what = told["state"] if told["state"] != "refused" else f"refused: {told['reason']}"
        self.states[what] = self.states.get(what, 0) + 1
        self.latency_s.append(latency_s)


class Client:
    """A connection that is kept, one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = time.monotonic()

    @property
    def is_stale(self) -> bool:
        """Whether the server may be about to close it."""
        return time.monotonic() - self._used > IDLE_S

    async def post(self, path: str, key: str, body: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(
            (
                f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {key}\r\n"
                f"Idempotency-Key: {uuid4().hex}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        lines = head.lower().split("\r\n")
        length = next(
            int(line.split(":")[1]) for line in lines if line.startswith("content-length")
        )
        self._used = time.monotonic()
        return status, await reader.readexactly(length)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def _run(
    host: str, port: int, keys: list[str], rate: float, seconds: float, seed: int
) -> Answers:
    chance = random.Random(seed)
    sizes, weights = zip(*SIZES, strict=True)
    idle: list[Client] = []
    answers = Answers()
    tasks: set[asyncio.Task[None]] = set()

    async def order(due: float, key: str, nodes: int) -> None:
        while idle and idle[-1].is_stale:
            idle.pop().close()
        client = idle.pop() if idle else Client(host, port)
        body = json.dumps({**BODY, "nodes": nodes}).encode()
        try:
            status, told = await client.post("/v1/orders", key, body)
        except (OSError, EOFError) as error:
            client.close()
            answers.failures.append(repr(error))
            return
        answers.add(time.perf_counter() - due, status, told)
        idle.append(client)

    begun = time.perf_counter()
    due = begun
    while due < begun + seconds:
        due += chance.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(
            order(due, chance.choice(keys), chance.choices(sizes, weights)[0])
        )
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks, timeout=60)
    for client in idle:
        client.close()
    return answers


def crowd(
    host: str, port: int, keys: list[str], *, rate: float, seconds: float, seed: int = 0
) -> Answers:
    """Order at a rate for some seconds, from as many connections as it takes."""
    return asyncio.run(_run(host, port, keys, rate, seconds, seed))
