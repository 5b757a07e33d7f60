"""Wiring of the doors: the secret, what is sent outside, who may sign in; and what is done without a server."""

import os
import secrets
import time
from pathlib import Path
from typing import Any, Final

from tidegate.control import key_acts
from tidegate.control.access import SYSTEM, Role
from tidegate.control.access_store import AccessDoor
from tidegate.control.audit import verify
from tidegate.control.keys import KeyWish, NewKey
from tidegate.control.rates import Limiter, Rate
from tidegate.control.seal import SECRET_BYTES, Seal
from tidegate.errors import Place, SettingError
from tidegate.post import HttpSender, Mailer, MailServer
from tidegate.settings import Settings, read_settings
from tidegate.store import migrate, open_database
from tidegate.store.access import SqlAccess
from tidegate.web.signin import Doors, Provider

SIGN_INS: Final = Rate(burst=10, per_second=0.1)
"""Attempts to sign in, of one address and of one account."""


def open_seal(settings: Settings) -> Seal:
    """Return the seal of an installation; its secret is made at the first start.

    Raises
    ------
    SettingError
        ``TG-SETTING-VALUE`` when the secret file cannot be used.
    """
    path = settings.secret_file or settings.data_dir / "secret"
    try:
        if not path.exists():
            _write_secret(path)
        return Seal(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingError(
            "TG-SETTING-VALUE",
            f"{path} cannot be used: {error}.",
            place=Place(field="TIDEGATE_SECRET_FILE"),
            expected=f"a file of at least {SECRET_BYTES} random bytes that only Tidegate can read.",
        ) from error


def _write_secret(path: Path) -> None:
    """Write a secret as a whole or not at all: half of one, after a kill, would lock everybody out."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:  # another process was first: its secret is the one
        pass
    finally:
        draft.unlink()


def open_sender(settings: Settings) -> HttpSender:
    """Return what sends webhooks.

    Raises
    ------
    SettingError
        ``TG-SETTING-VALUE`` when a network cannot be read.
    """
    networks = settings.webhook_networks.replace(",", " ").split()
    try:
        return HttpSender(networks, allow_http=settings.webhook_allow_http)
    except ValueError as error:
        raise SettingError(
            "TG-SETTING-VALUE",
            f"{error}.",
            place=Place(field="TIDEGATE_WEBHOOK_NETWORKS"),
            expected="networks such as 10.20.0.0/16, separated by commas.",
        ) from None


def open_mailer(settings: Settings) -> Mailer | None:
    """Return what sends e-mail; None when no mail server is named.

    Raises
    ------
    SettingError
        ``TG-SETTING-VALUE`` when there is a server and no sender.
    """
    if not settings.smtp_host:
        return None
    if "@" not in settings.mail_from:
        raise SettingError(
            "TG-SETTING-VALUE",
            "is missing, or no address.",
            place=Place(field="TIDEGATE_MAIL_FROM"),
            expected="the address that e-mail comes from, when there is a TIDEGATE_SMTP_HOST.",
        )
    server = MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        settings.mail_from,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
    )
    return Mailer(server)


def open_signin(settings: Settings, access: AccessDoor, seal: Seal, **more: Any) -> Doors:
    """Return what sign-in needs; ``more`` as :class:`~tidegate.web.signin.Doors` takes it.

    Raises
    ------
    SettingError
        ``TG-SETTING-VALUE`` when a provider is named without a client.
    """
    provider = None
    if settings.oidc_issuer:
        if not settings.oidc_client_id:
            raise SettingError(
                "TG-SETTING-VALUE",
                "is missing.",
                place=Place(field="TIDEGATE_OIDC_CLIENT_ID"),
                expected="the client that the provider knows, when there is a TIDEGATE_OIDC_ISSUER.",
            )
        provider = Provider(
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret.get_secret_value(),
        )
    return Doors(
        seal,
        access,
        lambda: int(time.time()),
        Limiter(SIGN_INS, time.monotonic),
        provider,
        public_url=settings.public_url.rstrip("/"),
        **more,
    )


def local_operator_key(data_dir: Path | None, name: str) -> NewKey:
    """Make an operator's key in the database itself: for whoever can read the secret.

    Raises
    ------
    SettingError, StoreError
    """
    settings = read_settings(data_dir=data_dir)
    seal = open_seal(settings)
    database = open_database(settings.database)
    try:
        migrate(database)
        wish = KeyWish(name, Role.OPERATOR)
        return key_acts.create_key(SqlAccess(database), seal, SYSTEM, wish, int(time.time()))
    finally:
        database.close()


def local_verdict(data_dir: Path, head: str | None) -> dict[str, Any]:
    """Check the audit log in the database itself.

    Raises
    ------
    SettingError, StoreError
    """
    settings = read_settings(data_dir=data_dir)
    seal = open_seal(settings)
    database = open_database(settings.database)
    try:
        with SqlAccess(database).reading() as store:
            found = verify(seal, store.audit, head)
    finally:
        database.close()
    return {
        "intact": found.broken is None,
        "sealed": found.sealed,
        "unsealed": found.unsealed,
        "head": found.head,
        "broken": found.broken,
    }
