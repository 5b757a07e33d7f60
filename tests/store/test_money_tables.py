"""The tables of prices, meters and bills: as migrated, and what they refuse."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError, IntegrityError

from tidegate.store import Database, downgrade, migrate
from tidegate.store.tables import METADATA, money


def test_the_migrated_tables_are_the_declared_ones(database: Database):
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_down_to_before_money_and_up_again(database: Database):
    downgrade(database, "0001")
    with database.reading() as connection:
        assert not sa.inspect(connection).has_table("invoice")
    migrate(database)
    with database.reading() as connection:
        assert sa.inspect(connection).has_table("rated_line")


def an_invoice(**changes: object) -> dict[str, object]:
    return {
        "id": "inv_1",
        "number": "INV-2026-000001",
        "tenant_id": "ten_1",
        "currency": "USD",
        "period_start_s": 0,
        "period_end_s": 10,
        "issued_s": 11,
        "due_s": 12,
        "total": Decimal("1.10"),
        "amount_due": Decimal("1.10"),
        "body": {},
    } | changes


@pytest.mark.parametrize(
    "second", [{"id": "inv_2"}, {"number": "INV-2026-000002"}, {"id": "inv_2", "number": "B"}]
)
def test_a_month_is_billed_once_and_a_number_given_once(
    database: Database, second: dict[str, object]
):
    with database.transaction() as connection:
        connection.execute(sa.insert(money.invoice).values(an_invoice()))
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(sa.insert(money.invoice).values(an_invoice(**second)))


def test_the_credit_of_a_break_names_its_event(database: Database):
    note = {
        "id": "crn_1",
        "number": "CRN-2026-000001",
        "tenant_id": "ten_1",
        "currency": "USD",
        "issued_s": 1,
        "reason": "break",
        "total": Decimal(1),
        "body": {},
    }
    with pytest.raises(IntegrityError, match="event"), database.transaction() as connection:
        connection.execute(sa.insert(money.credit_note).values(note))


@pytest.mark.parametrize("deed", ["UPDATE meter_record SET gpus = 1", "DELETE FROM meter_record"])
def test_what_was_metered_is_never_changed(database: Database, deed: str):
    row = {
        "lease_id": "lea_1",
        "node": "p/n",
        "gpus": 8,
        "start_s": 0,
        "end_s": 10,
        "recorded_s": 10,
    }
    with database.transaction() as connection:
        connection.execute(sa.insert(money.meter_record).values(row))
    with pytest.raises(DBAPIError, match="only ever added to"):  # noqa: SIM117 - one raises
        with database.transaction() as connection:
            connection.execute(sa.text(deed))


def test_digits_are_kept(database: Database):
    with database.transaction() as connection:
        connection.execute(sa.insert(money.invoice).values(an_invoice(total=Decimal("1E+3"))))
        text = connection.execute(sa.text("SELECT total FROM invoice")).scalar_one()
    assert text == "1000"
