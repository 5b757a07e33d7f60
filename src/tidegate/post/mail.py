"""E-mail sent over SMTP."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final, Literal

_DEADLINE_S: Final = 15.0


@dataclass(frozen=True)
class MailServer:
    """Where e-mail is handed in.

    Attributes
    ----------
    host : str
    port : int
    security : {"starttls", "tls", "none"}
    user, password : str
        Empty for a server that asks for neither.
    sender : str
        Address in ``From``.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, {self.security})"


class Mailer:
    """Sends e-mail.

    Parameters
    ----------
    server : MailServer
    trust : ssl.SSLContext or None
        Which certificates are believed; None for the system's.
    """

    def __init__(self, server: MailServer, trust: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._trust = trust

    def send(self, to: str, subject: str, text: str, message_id: str) -> str:
        """Hand in one message.

        Parameters
        ----------
        message_id : str
            The same at every try, so that a repeat can be told.

        Returns
        -------
        str
            Empty when the server took it, else code and text of what failed.
        """
        message = EmailMessage()
        message["From"] = self._server.sender
        message["To"] = _one_line(to)
        message["Subject"] = _one_line(subject)
        message["Date"] = formatdate(usegmt=True)
        domain = make_msgid(domain=self._server.sender.rpartition("@")[2]).rpartition("@")[2]
        message["Message-ID"] = f"<{message_id}@{domain}"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        try:
            with self._connect() as server:
                server.send_message(message)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return f"[TG-HOOK-UNREACHABLE] {type(error).__name__}: {error}"[:500]
        return ""

    def _connect(self) -> smtplib.SMTP:
        where = self._server
        trust = self._trust or ssl.create_default_context()
        if where.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                where.host, where.port, timeout=_DEADLINE_S, context=trust
            )
        else:
            server = smtplib.SMTP(where.host, where.port, timeout=_DEADLINE_S)
        try:
            if where.security == "starttls":
                server.starttls(context=trust)
            if where.user:
                server.login(where.user, where.password)
        except BaseException:
            server.close()
            raise
        return server


def _one_line(text: str) -> str:
    return " ".join(text.split())
