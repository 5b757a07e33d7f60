"""The audit log is only ever added to, and whoever gets around that is found out."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tidegate.control.access import Actor, Reach, Role
from tidegate.control.audit import AuditVerdict, entry, seal_entries, verify
from tidegate.control.seal import Seal
from tidegate.store import Database
from tidegate.store.access import access_of

SEAL = Seal(b"0123456789abcdef" * 2)


@pytest.fixture
def log(database: Database) -> Database:
    """A database with ten sealed entries."""
    for first in (1, 6):
        with database.transaction() as connection:
            audit = access_of(connection).audit
            for n in range(first, first + 5):
                actor = Actor("usr_o", Role.OPERATOR)
                audit.add(entry(f"aud_{n:02}", actor, "keys.create", f"key_{n}", wall_s=n))
            assert seal_entries(SEAL, audit) == 5
    return database


def check(log: Database, head: str | None = None) -> AuditVerdict:
    with log.reading() as connection:
        return verify(SEAL, access_of(connection).audit, head)


def tamper(log: Database, *statements: str) -> None:
    """What somebody can do who may write to the database and knows it well."""
    with log.transaction() as connection:
        if log.is_postgres:
            for table in ("audit_entry", "audit_seal"):
                connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            query = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for trigger in list(connection.execute(query).scalars()):
                connection.execute(sa.text(f"DROP TRIGGER {trigger}"))
        for statement in statements:
            connection.execute(sa.text(statement))


def test_an_untouched_log_holds(log: Database):
    found = check(log)
    assert (found.sealed, found.unsealed, found.broken) == (10, 0, None)
    assert found.head.startswith("10:")
    with log.transaction() as connection:
        audit = access_of(connection).audit
        audit.add(entry("aud_11", Actor("usr_o", Role.OPERATOR), "x", "y", wall_s=1))
    assert (check(log).unsealed, check(log).broken) == (1, None)


@pytest.mark.parametrize("table", ["audit_entry", "audit_seal"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET {} = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_it(log: Database, table: str, deed: str):
    column = "act" if table == "audit_entry" else "digest"
    with (
        pytest.raises(DBAPIError, match="only ever added to"),
        log.transaction() as connection,
    ):
        connection.execute(sa.text(deed.format(table, column)))


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE audit_entry SET actor_id = 'usr_x' WHERE id = 'aud_04'"], "aud_04"),
        (["UPDATE audit_entry SET data = '[]' WHERE id = 'aud_04'"], "aud_04"),
        (["UPDATE audit_entry SET data = 'torn' WHERE id = 'aud_04'"], "aud_04"),
        (["UPDATE audit_entry SET tenant_id = 'ten_x' WHERE id = 'aud_04'"], "aud_04"),
        (["DELETE FROM audit_entry WHERE id = 'aud_04'"], "aud_04 of link 4 is missing"),
        (["DELETE FROM audit_seal WHERE position = 4"], "link 4 is missing"),
        (
            [
                "DELETE FROM audit_entry WHERE id = 'aud_04'",
                "DELETE FROM audit_seal WHERE position = 4",
                "UPDATE audit_seal SET position = position - 1 WHERE position > 4",
            ],
            "link 4",
        ),
        (
            [
                "UPDATE audit_seal SET entry_id = 'x' WHERE position = 4",
                "UPDATE audit_seal SET entry_id = 'aud_04' WHERE position = 5",
                "UPDATE audit_seal SET entry_id = 'aud_05' WHERE position = 4",
            ],
            "link 4",
        ),
    ],
)
def test_whatever_is_tampered_with_is_found(log: Database, statements: list[str], found: str):
    tamper(log, *statements)
    verdict = check(log)
    assert verdict.sealed == 3
    assert verdict.broken is not None
    assert found in verdict.broken


def test_a_chain_made_anew_without_the_secret_is_found(log: Database):
    other = Seal(b"fedcba9876543210" * 2)
    tamper(log, "UPDATE audit_entry SET actor_id = 'usr_x'", "DELETE FROM audit_seal")
    with log.transaction() as connection:
        assert seal_entries(other, access_of(connection).audit) == 10
    assert check(log).broken == "entry aud_01 (link 1) is not what was sealed"


def test_a_cut_off_end_is_found_by_a_head_noted_earlier(log: Database):
    head = check(log).head
    assert check(log, head).broken is None
    tamper(
        log,
        "DELETE FROM audit_seal WHERE position > 8",
        "DELETE FROM audit_entry WHERE id > 'aud_08'",
    )
    assert check(log).broken is None, "without a head nobody can know"
    assert check(log, head).broken == "the chain ends at 8, before the head noted earlier"
    other: Any = f"8:{'0' * 64}"
    assert check(log, other).broken == "link 8 is not the one noted earlier"


def test_a_tenant_sees_its_own_part_of_the_log_only(log: Database):
    with log.transaction() as connection:
        audit = access_of(connection).audit
        actor = Actor("key_a", Role.TENANT, "ten_a")
        audit.add(entry("aud_12", actor, "keys.create", "key_12", wall_s=12))
    with log.reading() as connection:
        seen = access_of(connection).audit.entries(Reach("ten_a"), None, 99)
    assert [item.id for item in seen] == ["aud_12"]
