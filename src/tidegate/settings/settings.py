"""The settings, from variables that begin with ``TIDEGATE_``."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tidegate.errors import Place, SettingError

PREFIX: Final = "TIDEGATE_"

NOT_SETTINGS: Final = frozenset(
    {"TIDEGATE_CHROMIUM", "TIDEGATE_API_KEY", "TIDEGATE_POSTGRES", "TIDEGATE_URL"}
)
"""Variables of the tests, and of the commands that ask a server: nobody's concern here."""


class Settings(BaseSettings):
    """The running system's settings; ``docs/reference/settings.md`` lists them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("tidegate-data"), description="Folder of the SQLite database and other state."
    )
    database_url: str = Field(
        default="",
        description="Address of the database; empty for SQLite in the data folder.",
    )
    fleet: Path | None = Field(default=None, description="The fleet file.")
    slurm: Path | None = Field(
        default=None,
        description="The Slurm file, which names the fleet file; without one, pools are simulated.",
    )
    price_book: Path | None = Field(
        default=None, description="The price book; without one, the fleet file's offers."
    )
    billing: Path | None = Field(
        default=None, description="The billing file: issuer, taxes, months."
    )
    books: Path | None = Field(
        default=None,
        description="The books file; without one, the one that the fleet file names.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 for any.")
    replica: str = Field(
        default="", description="Name of this replica; empty for host and process number."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How log lines are written."
    )
    driver_deadline_s: float = Field(
        default=10.0, gt=0, le=600, description="Seconds that a call of a driver may take."
    )
    stale_after_s: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="Age of a pool's facts beyond which it sells nothing.",
    )
    order_wait_s: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="Seconds that an order's answer waits for the verdict.",
    )

    rate_per_s: float = Field(
        default=100.0, gt=0, description="Requests a second of one key, in the long run."
    )
    rate_burst: int = Field(default=400, ge=1, description="Requests of one key at once.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s]+)?$",
        description="Address under which browsers reach this server, such as https://gpus.example.org.",
    )
    secret_file: Path | None = Field(
        default=None,
        description="File of the installation's secret, the same for every replica; "
        "without one, `secret` in the data folder.",
    )
    webhook_networks: str = Field(
        default="", description="Networks inside that webhooks may be sent to, comma-separated."
    )
    webhook_allow_http: bool = Field(
        default=False, description="Whether webhooks may be sent without TLS."
    )
    smtp_host: str = Field(default="", description="Mail server; empty to send no e-mail.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection to the mail server is protected."
    )
    smtp_user: str = Field(default="", description="User at the mail server; empty for none.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Password of that user.")
    mail_from: str = Field(default="", description="Address that e-mail comes from.")
    oidc_issuer: str = Field(
        default="", description="OpenID provider that people sign in through; empty for none."
    )
    oidc_client_id: str = Field(default="", description="This installation at the provider.")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="Its secret at the provider."
    )

    @property
    def database(self) -> str:
        """Address of the database."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'tidegate.db').absolute()}"


def _wrong(error: ValidationError) -> SettingError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    return SettingError(
        "TG-SETTING-VALUE",
        f"{first['msg']}.",
        place=Place(field=f"{PREFIX}{name.upper()}"),
        expected=Settings.model_fields[name].description
        if name in Settings.model_fields
        else "a setting that is listed.",
    )


def read_settings(variables: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Read the settings.

    Parameters
    ----------
    variables : mapping of str to str, or None
        Where they are looked up; None for the environment.
    given
        Values that go before the variables; None for one that was not given.

    Raises
    ------
    SettingError
        ``TG-SETTING-UNKNOWN`` for a variable that is none; ``TG-SETTING-VALUE`` for a bad value.
    """
    variables = os.environ if variables is None else variables
    found: dict[str, Any] = {}
    for variable, value in variables.items():
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in Settings.model_fields:
            close = difflib.get_close_matches(name, Settings.model_fields, n=1)
            hint = f" Did you mean {PREFIX}{close[0].upper()}?" if close else ""
            raise SettingError(
                "TG-SETTING-UNKNOWN",
                f"there is no such setting.{hint}",
                place=Place(field=variable),
                expected="one of the settings in docs/reference/settings.md.",
            )
        found[name] = value
    found |= {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**found)
    except ValidationError as error:
        raise _wrong(error) from error
