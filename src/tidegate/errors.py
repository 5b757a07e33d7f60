"""The error tree, and the list of stable codes.

::

    TidegateError
    |-- InputError            bad input: the command exits with 2
    |   |-- TomlFileError     a file in TOML that cannot be used
    |   |   |-- FleetFileError    a fleet file
    |   |   |-- SweepFileError    a sweep file
    |   |   |-- SlurmFileError    a Slurm file
    |   |   |-- PriceBookError    a price book
    |   |   |-- BillingFileError  a billing file
    |   |   |-- MarketFileError   a market scenario
    |   |   `-- BooksFileError    a books file
    |   |-- PriceError        what is asked for has no price
    |   |-- FinanceError      books that cannot be kept or valued as asked
    |   |-- FeedError         a job log or demand series that cannot be used
    |   |-- OptionError       an option or argument that cannot be used
    |   |-- RequestError      a request to the running system that cannot be served as it is
    |   `-- SettingError      a setting of the running system that cannot be used
    |-- AccessError           who asks is not known, or may not
    |-- StoreError            the database cannot be used
    |   `-- FencedError       another replica leads
    |-- DriverError           a driver failed, refused, or gave an answer that cannot be used
    |   `-- SlurmError        Slurm does not answer, or not as it should
    |-- RemoteError           the running system did not do what a command asked of it
    `-- RunError              the run itself failed: the command exits with 1

Every error carries a code from :data:`CODES`. A code never changes its meaning, so that scripts may
match on it. Codes below ``TG-ROW`` name the reasons for which a single row is rejected; they appear in
the rejects file and are not raised.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

CODES: Final[dict[str, str]] = {
    # fleet file
    "TG-FLEET-MISSING": "The fleet file does not exist or cannot be opened.",
    "TG-FLEET-SYNTAX": "The fleet file is not valid TOML.",
    "TG-FLEET-KEY": "The fleet file has a key that is unknown or missing.",
    "TG-FLEET-VALUE": "A value in the fleet file has the wrong type or lies outside its range.",
    "TG-FLEET-REFERENCE": "The fleet file names a site, chip, cohort or product that is not defined.",
    "TG-FLEET-FRONTIER": "A frontier pool is given a lease product; frontier GPUs are never leased.",
    "TG-FLEET-COUNT": "The GPUs of a pool's cohorts do not add up to nodes times GPUs per node.",
    "TG-FLEET-PRICE": "A pool may lease a product that has no price for the pool's chip.",
    # sweep file
    "TG-SWEEP-MISSING": "The sweep file does not exist or cannot be opened.",
    "TG-SWEEP-SYNTAX": "The sweep file is not valid TOML.",
    "TG-SWEEP-KEY": "The sweep file has a key that is unknown or missing.",
    "TG-SWEEP-VALUE": "A value in the sweep file has the wrong type or lies outside its range.",
    # price book
    "TG-PRICE-MISSING": "The price book does not exist or cannot be opened.",
    "TG-PRICE-SYNTAX": "The price book is not valid TOML or CSV.",
    "TG-PRICE-KEY": "The price book has a key or column that is unknown or missing.",
    "TG-PRICE-VALUE": "A value in the price book has the wrong type or lies outside its range.",
    "TG-PRICE-REFERENCE": "The price book names a chip, band set or currency that is not known.",
    "TG-PRICE-OVERLAP": "Two prices, or two bands, hold for the same thing at the same time.",
    "TG-PRICE-NONE": "What is asked for has no price in force.",
    "TG-PRICE-EXCHANGE": "A floor is not known in the currency of the price.",
    # market scenario
    "TG-MARKET-MISSING": "A market scenario or one of its files does not exist or cannot be opened.",
    "TG-MARKET-SYNTAX": "A file of a market scenario is not valid TOML or CSV.",
    "TG-MARKET-KEY": "A file of a market scenario has a key or column that is unknown or missing.",
    "TG-MARKET-VALUE": "A value in a market scenario has the wrong type or lies outside its range.",
    "TG-MARKET-REFERENCE": "A market scenario names a generation, use or parameter that is not defined.",
    "TG-MARKET-SHARES": "Shares in a market scenario do not add up to 1.",
    "TG-MARKET-QUALITY": "A generation lacks a figure from which its quality is reckoned.",
    "TG-MARKET-CLEAR": "No rents clear the market of a scenario.",
    "TG-MARKET-RENTS": "A file of rents to calibrate on cannot be used.",
    # billing
    "TG-BILL-MISSING": "The billing file does not exist or cannot be opened.",
    "TG-BILL-SYNTAX": "The billing file is not valid TOML.",
    "TG-BILL-KEY": "The billing file has a key that is unknown or missing.",
    "TG-BILL-VALUE": "A value in the billing file has the wrong type or lies outside its range.",
    "TG-BILL-AMOUNT": "An amount is not positive, or finer than its currency's smallest unit.",
    "TG-BILL-GRANT": "No grant of the tenant has room for the lease.",
    # feeds
    "TG-FEED-MISSING": "The file does not exist or cannot be opened.",
    "TG-FEED-FORMAT": "The format of the file is not recognised, or the file is not in the format named.",
    "TG-FEED-COLUMN": "A column that the format needs is missing from the file.",
    "TG-FEED-EMPTY": "No usable row is left after reading and filtering.",
    "TG-FEED-SHORT": "The log is too short to leave anything to measure.",
    "TG-FEED-REJECTS": "More rows were rejected than the run allows.",
    # finance: the books file
    "TG-FIN-MISSING": "The books file does not exist or cannot be opened.",
    "TG-FIN-SYNTAX": "The books file is not valid TOML.",
    "TG-FIN-KEY": "The books file has a key that is unknown or missing.",
    "TG-FIN-VALUE": "A value in the books file has the wrong type or lies outside its range.",
    "TG-FIN-REFERENCE": "The books file names a cohort, pool, site, part or product that the fleet does not have.",
    # finance: what cannot be booked or valued
    "TG-FIN-SOLD": "More GPUs of a cohort are sold than are left of it.",
    "TG-FIN-LIFE": "A useful life is shorter than the age at which it is given.",
    "TG-FIN-ORDER": "Something happens to a cohort before its service, or a payment after it.",
    "TG-FIN-SPENT": "Payments for a cohort do not add up to its cost.",
    "TG-FIN-WRITEDOWN": "A write-down or reversal is larger than what there is to write down or reverse.",
    "TG-FIN-COHORT": "Nothing can be said about money: the pool or fleet has no cohorts.",
    "TG-FIN-TARIFF": "A tariff is missing, or does not cover every hour exactly once.",
    "TG-FIN-RATE": "Two currencies meet without a rate between them.",
    "TG-FIN-HISTORY": "A rent history has a gap, a month twice, or too few months.",
    "TG-FIN-BALANCE": "An entry does not sum to zero in each currency.",
    "TG-FIN-CLOSED": "An entry lies in a closed period.",
    "TG-FIN-PERIOD": "A period cannot be closed or reopened as asked.",
    "TG-FIN-JOURNAL": "A journal cannot be read, or has been changed after it was written.",
    "TG-FIN-FROM": "A folder does not hold the result of a backtest of this fleet.",
    # options
    "TG-OPTION": "An option or argument is missing, unknown or outside its range.",
    # run
    "TG-RUN-OUT": "A result could not be written.",
    "TG-RUN-CELL": "A cell of a sweep could not be played.",
    "TG-RUN-CLUSTER": "The Dask cluster cannot be reached, or was lost.",
    # requests to the running system
    "TG-API-SYNTAX": "The body of the request is not valid JSON, or the address holds what none does.",
    "TG-API-FIELD": "A field is unknown, missing, of the wrong type or outside its range.",
    "TG-API-NOT-FOUND": "There is no such thing, or it is not yours.",
    "TG-API-METHOD": "The address does not know this method.",
    "TG-API-SIZE": "The body of the request is too large.",
    "TG-API-TYPE": "The body of the request is not application/json.",
    "TG-API-CURSOR": "The cursor was not given out by this list.",
    "TG-API-CONFLICT": "The thing exists already, or has changed meanwhile.",
    "TG-API-IDEMPOTENCY": "The Idempotency-Key is missing or malformed.",
    "TG-API-IDEMPOTENCY-REUSED": "The Idempotency-Key was used before for another request.",
    "TG-API-IDEMPOTENCY-BUSY": "A request with this Idempotency-Key is being served.",
    "TG-API-ETAG": "The thing is no longer the one whose ETag was sent.",
    "TG-API-ETAG-MISSING": "A change needs the ETag of what is changed, in If-Match.",
    "TG-API-RATE": "Too many requests in a short time.",
    "TG-API-FAILED": "The request failed through a fault of the server.",
    "TG-API-NOT-READY": "The server cannot serve this now.",
    "TG-API-UNREACHABLE": "The server cannot be reached.",
    "TG-API-ANSWER": "The server's answer cannot be understood.",
    # who asks
    "TG-ACCESS-MISSING": "Nobody is signed in, and no API key was sent.",
    "TG-ACCESS-KEY": "The API key is unknown, expired or revoked.",
    "TG-ACCESS-SESSION": "The session is over.",
    "TG-ACCESS-SIGN-IN": "The sign-in failed.",
    "TG-ACCESS-PROVIDER": "The sign-in provider cannot be reached, or its answer cannot be trusted.",
    "TG-ACCESS-CSRF": "A form was sent without the token of its session.",
    "TG-ACCESS-RIGHT": "The role has no right to this.",
    "TG-ACCESS-SCOPE": "The API key is not meant for this.",
    "TG-ACCESS-AUDIT": "The audit log has been tampered with.",
    # webhooks and e-mail
    "TG-HOOK-URL": "The address of a webhook cannot be used.",
    "TG-HOOK-REFUSED": "The receiver of a webhook answered with an error.",
    "TG-HOOK-UNREACHABLE": "The receiver of a webhook or the mail server cannot be reached.",
    # settings
    "TG-SETTING-VALUE": "A setting has the wrong type or lies outside its range.",
    "TG-SETTING-UNKNOWN": "A variable begins as a setting does and is none.",
    # the life of leases
    "TG-LIVE-POOL": "There is no such pool.",
    "TG-LIVE-FRONTIER": "The pool may not be leased: only mainstay and legacy GPUs ever are.",
    "TG-LIVE-PRODUCT": "The pool does not sell the product.",
    "TG-LIVE-SIZE": "The nodes, the duration or the start asked for lie outside what can be ordered.",
    "TG-LIVE-QUOTE": "The quote is no longer open.",
    "TG-LIVE-STATE": "The thing is in a state that does not allow this.",
    "TG-LIVE-PORT": "The address cannot be listened on.",
    "TG-LIVE-FOLDER": "The data folder cannot be used.",
    # the database
    "TG-STORE-URL": "The address of the database cannot be used.",
    "TG-STORE-DOWN": "The database cannot be reached.",
    "TG-STORE-VERSION": "The tables were made by a newer version of Tidegate.",
    "TG-STORE-FENCED": "Another replica leads: what this one wanted to write is dropped.",
    "TG-STORE-MOVED": "Something was changed by two at once: the later change is made anew.",
    "TG-STORE-BACKUP": "The backup cannot be written, read or restored.",
    # drivers
    "TG-DRIVER-DOWN": "The driver cannot be reached.",
    "TG-DRIVER-HUNG": "The driver did not answer in time.",
    "TG-DRIVER-ANSWER": "The driver's answer cannot be true.",
    "TG-DRIVER-BUSY": "Nodes to be handed over are in other hands.",
    "TG-DRIVER-FRONTIER": "The driver refuses: the pool may not be leased.",
    "TG-DRIVER-QUOTA": "The driver refuses: more nodes would be lent than the quota it was told.",
    "TG-DRIVER-UNKNOWN": "The driver does not know the pool, node or lease.",
    # Slurm
    "TG-SLURM-MISSING": "A command of Slurm cannot be run on this machine.",
    "TG-SLURM-TIMEOUT": "A command of Slurm did not end in time.",
    "TG-SLURM-DOWN": "slurmctld, or slurmdbd, cannot be reached.",
    "TG-SLURM-RIGHTS": "Slurm, or sudo, does not let this user do that.",
    "TG-SLURM-FAILED": "A command of Slurm failed.",
    "TG-SLURM-GARBAGE": "A command of Slurm answered something that cannot be read.",
    "TG-SLURM-EMPTY": "The cluster has no node with GPUs, or none whose chip is known.",
    "TG-SLURM-FILE-MISSING": "The Slurm file does not exist or cannot be opened.",
    "TG-SLURM-FILE-SYNTAX": "The Slurm file is not valid TOML.",
    "TG-SLURM-FILE-KEY": "The Slurm file has a key that is unknown or missing.",
    "TG-SLURM-FILE-VALUE": "A value in the Slurm file has the wrong type or does not fit the fleet file.",
    # reasons for rejecting one row
    "TG-ROW-TORN": "The line is torn: it has fewer or more fields than the header, or cannot be read.",
    "TG-ROW-NUMBER": "A field that must be a number is not.",
    "TG-ROW-NEGATIVE": "A count or duration is negative.",
    "TG-ROW-TIME": "A time cannot be read, does not exist in the stated zone, or cannot be true.",
    "TG-ROW-ORDER": "The end lies before the start, or the start before the submission.",
    "TG-ROW-DUPLICATE": "The job id (or the series time) has been seen on an earlier line.",
    "TG-ROW-TOO-LARGE": "The job asks for more GPUs than the pool has; it could never run.",
}
"""Every stable code with its one-line meaning."""


@dataclass(frozen=True)
class Place:
    """Where in the input something is wrong.

    Attributes
    ----------
    file : str or None
        The file as the user named it.
    line : int or None
        Line number, counted from 1.
    field : str or None
        Column name, or the dotted path of a key (``pool[1].policy.risk``).
    """

    file: str | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        parts = [self.file or ""]
        if self.line is not None:
            parts.append(f"line {self.line}" if not self.file else f"{self.line}")
        where = ":".join(p for p in parts if p)
        return f"{where}: {self.field}" if where and self.field else where or self.field or ""


class TidegateError(Exception):
    """Root of all errors that Tidegate raises on purpose.

    Parameters
    ----------
    code : str
        A key of :data:`CODES`.
    message : str
        What is wrong, in a sentence.
    place : Place
        File, line and field, as far as they are known.
    expected : str or None
        What would be right.

    Raises
    ------
    KeyError
        If ``code`` is not in :data:`CODES`.
    """

    exit_code: int = 1

    def __init__(
        self, code: str, message: str, *, place: Place | None = None, expected: str | None = None
    ) -> None:
        CODES[code]
        self.code = code
        self.message = message
        self.place = place or Place()
        self.expected = expected
        super().__init__(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error cross from one process to another."""
        again = partial(type(self), place=self.place, expected=self.expected)
        return again, (self.code, self.message), self.__dict__

    def __str__(self) -> str:
        where = str(self.place)
        text = f"{where}: {self.message}" if where else self.message
        if self.expected:
            text = f"{text} Expected: {self.expected}"
        return f"[{self.code}] {text}"


class InputError(TidegateError):
    """The input is wrong; nothing was run."""

    exit_code = 2


class TomlFileError(InputError):
    """A file cannot be used; ``others`` holds the file's further errors, in order of line."""

    others: "tuple[TomlFileError, ...]" = ()


class FleetFileError(TomlFileError):
    """A fleet file cannot be used."""


class SweepFileError(TomlFileError):
    """A sweep file cannot be used."""


class SlurmFileError(TomlFileError):
    """A Slurm file cannot be used."""


class PriceBookError(TomlFileError):
    """A price book cannot be used."""


class BillingFileError(TomlFileError):
    """A billing file cannot be used."""


class PriceError(InputError):
    """What is asked for has no price."""


class BooksFileError(TomlFileError):
    """A books file cannot be used."""


class FinanceError(InputError):
    """The books cannot be kept, or something not valued, as asked."""


class MarketFileError(TomlFileError):
    """A market scenario cannot be used."""


class FeedError(InputError):
    """A job log or demand series cannot be used."""


class OptionError(InputError):
    """An option or argument cannot be used."""

    @classmethod
    def at(cls, option: str, message: str, expected: str) -> "OptionError":
        """Return the error of an option: what is wrong with it, and what would be right."""
        return cls("TG-OPTION", message, place=Place(field=option), expected=expected)


class RequestError(InputError):
    """A request to the running system cannot be served as it is.

    ``others`` holds what else is wrong with it.
    """

    others: "tuple[RequestError, ...]" = ()


class AccessError(TidegateError):
    """Who asks is not known, or may not."""


class SettingError(InputError):
    """A setting cannot be used."""


class StoreError(TidegateError):
    """The database cannot be used."""


class FencedError(StoreError):
    """Another replica leads."""


class DriverError(TidegateError):
    """A driver failed, refused, or gave an answer that cannot be used."""


class SlurmError(DriverError):
    """Slurm does not answer, or not as it should."""


class RemoteError(TidegateError):
    """The running system did not do what a command asked of it, or cannot be reached."""


class RunError(TidegateError):
    """The run itself failed."""
