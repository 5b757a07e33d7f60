"""E-mail handed in to a real SMTP server on loopback."""

import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from tests.post.certificate import make_certificate

from tidegate.post import Mailer, MailServer


class Box:
    """Keeps what comes."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], bytes]] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.got.append((envelope.rcpt_tos, envelope.content))
        return self.answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def port(box: Box, tmp_path: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(tmp_path, "localhost"))
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=lambda *args: AuthResult(
            success=args[-1].password == b"s3cret", handled=False
        ),
    )
    controller.start()
    yield controller.port
    controller.stop()


def mailer(port: int, folder: Path, **more: Any) -> Mailer:
    given = {"security": "starttls", "user": "tidegate", "password": "s3cret"} | more
    server = MailServer("localhost", port, sender="tidegate@fleet.example", **given)
    return Mailer(server, ssl.create_default_context(cafile=str(folder / "chain.pem")))


@pytest.mark.enable_socket
def test_a_message_arrives_over_tls_with_everything_a_mail_needs(
    box: Box, port: int, tmp_path: Path
):
    trouble = mailer(port, tmp_path).send(
        "anna@example.org", "Recall: nodes\r\nBcc: x@evil.test", "Grüße aus der Flotte\n", "ntc_1"
    )
    assert trouble == ""
    recipients, raw = box.got[0]
    message = message_from_bytes(raw, policy=policy.default)
    assert recipients == ["anna@example.org"]
    assert message["Subject"] == "Recall: nodes Bcc: x@evil.test"
    assert message["Bcc"] is None
    assert message["Message-ID"] == "<ntc_1@fleet.example>"
    assert message["Date"]
    assert message.get_content().strip() == "Grüße aus der Flotte"


@pytest.mark.enable_socket
def test_what_fails_is_told_and_gives_no_password_away(box: Box, port: int, tmp_path: Path):
    wrong = mailer(port, tmp_path, password="wr0ng").send("a@example.org", "x", "y", "ntc_1")
    assert wrong.startswith("[TG-HOOK-UNREACHABLE] SMTPAuthenticationError")
    assert "wr0ng" not in wrong
    box.answer = "550 no"
    assert "550" in mailer(port, tmp_path).send("a@example.org", "x", "y", "ntc_1")
    nobody = mailer(free_port(), tmp_path).send("a@example.org", "x", "y", "ntc_1")
    assert "ConnectionRefusedError" in nobody
    untrusted = Mailer(MailServer("localhost", port, "starttls", "tidegate@fleet.example"))
    assert "CERTIFICATE_VERIFY_FAILED" in untrusted.send("a@example.org", "x", "y", "ntc_1")
    assert "s3cret" not in repr(MailServer("h", 1, "tls", "a@b", "u", "s3cret"))
