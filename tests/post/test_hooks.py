"""What is called, and what must never be: addresses inside the network."""

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from tests.post.certificate import make_certificate

from tidegate.control.seal import Seal
from tidegate.control.webhooks import Delivery, Endpoint, body_of, new_secret, signed_headers
from tidegate.errors import RequestError
from tidegate.post import HttpSender
from tidegate.post.guarded import Allowed

LOOPBACK = ("127.0.0.0/8", "::1/128")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers what the path says, and keeps what came."""

    got: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        status = int(self.path.strip("/") or 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    Receiver.got.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def sender() -> Iterator[HttpSender]:
    built = HttpSender(LOOPBACK, allow_http=True)
    yield built
    built.close()


@pytest.mark.enable_socket
def test_a_receiver_verifies_what_it_gets(sender: HttpSender):
    seal = Seal(b"s" * 32)
    secret, sealed = new_secret(seal)
    old_secret, old_sealed = new_secret(seal)
    import time  # noqa: PLC0415

    now_s = int(time.time())
    endpoint = Endpoint("whk_1", "ten_a", "", (), sealed, 1, old_sealed, now_s + 60)
    body = body_of("lease.noticed", 1_800_000_000, {"lease_id": "lea_1"})
    delivery = Delivery("dlv_1", "whk_1", "ten_a", 1, "lease.noticed", body, 1, 1)
    with receiving() as port:
        headers = signed_headers(seal, endpoint, delivery, now_s)
        outcome = sender.send(f"http://127.0.0.1:{port}/", body.encode(), headers)
    assert (outcome.status, outcome.trouble) == (200, "")
    got, raw = Receiver.got[0]
    for known in (secret, old_secret):
        told = Webhook(known).verify(raw, got)
        assert told == {
            "type": "lease.noticed",
            "timestamp": "2027-01-15T08:00:00Z",
            "data": {"lease_id": "lea_1"},
        }
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret(seal)[0]).verify(raw, got)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(raw + b" ", got)
    late = signed_headers(seal, endpoint, delivery, now_s - 301)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(raw, dict(late))
    expired = Endpoint("whk_1", "ten_a", "", (), sealed, 1, old_sealed, now_s)
    assert len(signed_headers(seal, expired, delivery, now_s)["webhook-signature"].split()) == 1
    assert json.loads(raw)["type"] == "lease.noticed"


@pytest.mark.enable_socket
@pytest.mark.parametrize("status", [302, 400, 410, 500])
def test_any_answer_but_2xx_is_a_refusal_and_no_redirect_is_followed(
    sender: HttpSender, status: int
):
    with receiving() as port:
        outcome = sender.send(f"http://127.0.0.1:{port}/{status}", b"{}", {})
    assert outcome.status == status
    assert outcome.trouble == f"[TG-HOOK-REFUSED] The receiver answered {status}."
    assert len(Receiver.got) == 1


@pytest.mark.enable_socket
def test_nobody_there_is_told(sender: HttpSender):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = sender.send(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"{}", {})
    assert outcome.status is None
    assert outcome.trouble.startswith("[TG-HOOK-UNREACHABLE]")


@pytest.mark.enable_socket
def test_certificates_are_checked(tmp_path: Path):
    chain = make_certificate(tmp_path, "localhost")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(chain)
    trusting = HttpSender(LOOPBACK, trust=ssl.create_default_context(cafile=str(chain)))
    wary = HttpSender(LOOPBACK)
    with receiving(server_side) as port:
        assert trusting.send(f"https://localhost:{port}/", b"{}", {}).trouble == ""
        refused = wary.send(f"https://localhost:{port}/", b"{}", {})
        other_name = trusting.send(f"https://127.0.0.1:{port}/", b"{}", {})
    assert "CERTIFICATE_VERIFY_FAILED" in refused.trouble
    assert "CERTIFICATE_VERIFY_FAILED" in other_name.trouble
    trusting.close()
    wary.close()


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_loopback_is_not_called_unless_it_is_allowed(host: str):
    wary = HttpSender(allow_http=True)
    with receiving() as port:
        outcome = wary.send(f"http://{host}:{port}/", b"{}", {})
        with pytest.raises(RequestError, match="TG-HOOK-URL"):
            wary.check_url(f"http://{host}:{port}/")
    wary.close()
    assert outcome.trouble == "[TG-HOOK-URL] The address leads into the network."
    assert Receiver.got == []


def test_a_name_that_is_changed_after_the_check_leads_nowhere(monkeypatch: pytest.MonkeyPatch):
    """DNS rebinding: public when the webhook is made, inside when it is called."""
    answers = iter([["93.184.215.14"], ["10.0.0.5"], ["93.184.215.14", "169.254.169.254"]])

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in next(answers)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    wary = HttpSender()
    wary.check_url("https://rebind.test/")
    assert wary.send("https://rebind.test/", b"{}", {}).trouble.startswith("[TG-HOOK-URL]")
    with pytest.raises(RequestError, match="leads into the network"):
        wary.check_url("https://both.test/")
    wary.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:10.0.0.1",
        "ff02::1",
    ],
)
def test_addresses_inside_may_not_be_called(address: str):
    assert not Allowed().may_call(ip_address(address))


def test_a_setting_lets_a_network_be_called():
    allowed = Allowed(["10.20.0.0/16"])
    assert allowed.may_call(ip_address("10.20.3.4"))
    assert not allowed.may_call(ip_address("10.21.0.1"))
    assert allowed.may_call(ip_address("93.184.215.14"))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://",
        "https://user:pass@example.org/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: evil",
        "https://[::1",
        "gopher://x",
        "",
        "https://example.org/" + "x" * 2_000,
    ],
)
def test_what_is_no_address_of_a_receiver_is_refused(url: str):
    wary = HttpSender()
    with pytest.raises(RequestError, match="TG-HOOK-URL"):
        wary.check_url(url)
    wary.close()
