"""The doors as the settings name them; a setting that cannot be used is told by its name."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tidegate.app.doors import open_mailer, open_seal, open_sender, open_signin
from tidegate.control.seal import Seal
from tidegate.errors import RequestError, SettingError
from tidegate.settings import read_settings
from tidegate.store import Database
from tidegate.store.access import SqlAccess


def test_the_secret_is_made_once_and_kept_from_others(tmp_path: Path):
    settings = read_settings({}, data_dir=tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        seals = list(pool.map(lambda _: open_seal(settings), range(8)))
    assert len({seal.digest("x", b"y") for seal in seals}) == 1
    secret = tmp_path / "data" / "secret"
    assert secret.stat().st_mode & 0o077 == 0
    assert [path.name for path in secret.parent.iterdir()] == ["secret"]


def test_a_secret_can_lie_elsewhere_and_half_of_one_is_refused(tmp_path: Path):
    path = tmp_path / "shared-secret"
    path.write_bytes(b"k" * 32)
    settings = read_settings({"TIDEGATE_SECRET_FILE": str(path)}, data_dir=tmp_path)
    assert open_seal(settings).digest("x", b"y") == Seal(b"k" * 32).digest("x", b"y")
    path.write_bytes(b"k" * 7)
    with pytest.raises(SettingError, match="TIDEGATE_SECRET_FILE"):
        open_seal(settings)


@pytest.mark.enable_socket  # addresses are looked up, though they are numbers
def test_webhooks_go_where_the_settings_allow(tmp_path: Path):
    sender = open_sender(read_settings({}, data_dir=tmp_path))
    with pytest.raises(RequestError, match="leads into the network"):
        sender.check_url("https://10.20.3.4/")
    sender.close()
    allowed = open_sender(read_settings({"TIDEGATE_WEBHOOK_NETWORKS": "10.20.0.0/16, ::1/128"}))
    allowed.check_url("https://10.20.3.4/")
    with pytest.raises(RequestError, match="scheme 'http'"):
        allowed.check_url("http://10.20.3.4/")
    allowed.close()
    with pytest.raises(SettingError, match="TIDEGATE_WEBHOOK_NETWORKS"):
        open_sender(read_settings({"TIDEGATE_WEBHOOK_NETWORKS": "10.20.0.0/99"}))


def test_mail_needs_a_server_and_a_sender():
    assert open_mailer(read_settings({})) is None
    with pytest.raises(SettingError, match="TIDEGATE_MAIL_FROM"):
        open_mailer(read_settings({"TIDEGATE_SMTP_HOST": "mail.example.org"}))
    named = {"TIDEGATE_SMTP_HOST": "mail.example.org", "TIDEGATE_MAIL_FROM": "gpus@example.org"}
    assert open_mailer(read_settings(named))


def test_a_provider_needs_a_client_and_no_secret_is_printed(database: Database):
    access, seal = SqlAccess(database), Seal(b"k" * 32)
    assert open_signin(read_settings({}), access, seal).provider is None
    issuer = {"TIDEGATE_OIDC_ISSUER": "https://id.example.org"}
    with pytest.raises(SettingError, match="TIDEGATE_OIDC_CLIENT_ID"):
        open_signin(read_settings(issuer), access, seal)
    client = {"TIDEGATE_OIDC_CLIENT_ID": "tidegate", "TIDEGATE_OIDC_CLIENT_SECRET": "s3cret"}
    public = {"TIDEGATE_PUBLIC_URL": "https://gpus.example.org/"}
    settings = read_settings(issuer | client | public)
    doors = open_signin(settings, access, seal)
    assert doors.provider
    assert doors.public_url == "https://gpus.example.org"
    assert "s3cret" not in repr(settings)
    with pytest.raises(SettingError, match="TIDEGATE_PUBLIC_URL"):
        read_settings({"TIDEGATE_PUBLIC_URL": "gpus.example.org"})
