"""The commands' way to a running system: its HTTP interface."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import uuid4

import httpx

from tidegate.errors import CODES, Place, RemoteError

URL: Final = "TIDEGATE_URL"
KEY: Final = "TIDEGATE_API_KEY"
DEFAULT_URL: Final = "http://127.0.0.1:8080"
_TIMEOUT_S: Final = 60.0


def transport() -> httpx.BaseTransport | None:
    """Return what carries requests; None for the network."""
    return None


class Client:
    """Asks a server with the API key of ``TIDEGATE_API_KEY`` at the address of ``TIDEGATE_URL``."""

    def __init__(self) -> None:
        self.url = os.environ.get(URL) or DEFAULT_URL
        key = os.environ.get(KEY)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            self._http = httpx.Client(
                base_url=self.url, headers=headers, timeout=_TIMEOUT_S, transport=transport()
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise RemoteError(
                "TG-API-UNREACHABLE",
                f"{self.url!r} is not an address: {error}.",
                place=Place(field=URL),
                expected=f"an address such as {DEFAULT_URL}.",
            ) from error

    def get(self, path: str, **params: str | int | None) -> Any:
        """Return what a path answers, as JSON."""
        return self._json(self._send("GET", path, params))

    def pages(self, path: str, **params: str | int | None) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, **params, limit=500, cursor=cursor)
            try:
                yield from page["items"]
                cursor = page["next_cursor"]
            except (KeyError, TypeError):
                raise self._not_understood("a list was expected") from None
            if cursor is None:
                return

    def change(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change a thing as it is now, and return it as it then is."""
        tag = self._send("GET", path, {}).headers.get("etag", "*")
        return self._json(self._send("PATCH", path, {}, body, {"If-Match": tag}))

    def replace(self, path: str, body: Mapping[str, Any]) -> Any:
        """Put another thing in the place of the one that is there now."""
        tag = self._send("GET", path, {}).headers.get("etag", "*")
        return self._json(self._send("PUT", path, {}, body, {"If-Match": tag}))

    def delete(self, path: str) -> None:
        """Remove a thing."""
        self._send("DELETE", path, {})

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> Any:
        """Do something, once, and return what is answered.

        Parameters
        ----------
        key : str or None
            Idempotency key; None for a new one.
        """
        answer = self._send("POST", path, {}, body, {"Idempotency-Key": key or uuid4().hex})
        return self._json(answer) if answer.content else None

    def download(self, path: str, **params: str | int | None) -> bytes:
        """Return a file."""
        return self._send("GET", path, params).content

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int | None],
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        given = {name: value for name, value in params.items() if value is not None}
        try:
            answer = self._http.request(method, path, params=given, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise RemoteError(
                "TG-API-UNREACHABLE",
                f"{self.url} does not answer: {str(error) or type(error).__name__}.",
                expected=f"`tidegate serve` running at the address that {URL} names.",
            ) from error
        if answer.is_success:
            return answer
        raise self._problem(answer)

    def _problem(self, answer: httpx.Response) -> RemoteError:
        told = self._json(answer) if "json" in answer.headers.get("content-type", "") else {}
        code = told.get("code") if isinstance(told, dict) else None
        if code not in CODES:
            return self._not_understood(f"status {answer.status_code}")
        first: Mapping[str, Any] = next(iter(told.get("errors", ())), {})
        error = RemoteError(
            code,
            first.get("message") or told.get("detail") or CODES[code],
            place=Place(field=first.get("field")),
            expected=first.get("expected"),
        )
        # Who may not ask, and what the server could not do, is no bad input.
        is_input = answer.is_client_error and not code.startswith("TG-ACCESS")
        error.exit_code = 2 if is_input else 1
        return error

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise self._not_understood("it is not JSON") from None

    def _not_understood(self, why: str) -> RemoteError:
        return RemoteError(
            "TG-API-ANSWER",
            f"the answer of {self.url} cannot be understood: {why}.",
            expected="the address of a Tidegate server of this version.",
        )
