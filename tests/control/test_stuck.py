"""A pool that can be looked at, and whose commands do not get through: it is shown, and sells nothing."""

from pathlib import Path

import pytest
from tests.control.living import Living, a_database, a_pool, an_order

from tidegate.control.admission import STALE
from tidegate.control.ports import Command
from tidegate.drivers.embedded.driver import EmbeddedDriver
from tidegate.errors import DriverError
from tidegate.lease.events import POOL_FRESH, POOL_STALE
from tidegate.lease.states import LeaseState, OrderState
from tidegate.store.events import read_events

POOL = a_pool(4, risk=0.5)
STALE_S = 60


def test_a_command_that_fails_for_long_makes_its_pool_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tidegate.control.outbox.RETRY_S", (0.0,))
    living = Living(a_database(tmp_path), POOL, quiet_days=14)
    living.begin(stale_after_s=STALE_S)
    living.step()

    def fails(driver: EmbeddedDriver, command: Command) -> None:
        raise DriverError("TG-SLURM-TIMEOUT", "it hangs.")

    with monkeypatch.context() as broken:
        broken.setattr(EmbeddedDriver, "hand_over", fails)
        first = living.place(an_order(POOL))
        living.step()
        living.clock.time_s += STALE_S
        living.step()
        assert not living.line.book.watch.is_stale
        living.clock.time_s += 1
        living.step()
        watch = living.line.book.watch
        assert (watch.is_stale, watch.facts_at_s) == (True, living.clock.time_s)
        assert "it hangs" in watch.trouble
        second = living.place(an_order(POOL))
        living.step()
        judged = living.store.order(second.id)
        assert judged is not None
        assert (judged.state, judged.reason) == (OrderState.REFUSED, STALE)
    living.clock.time_s += 1
    living.step()
    living.clock.time_s += 1
    living.step()
    assert (living.line.book.watch.is_stale, living.line.book.watch.trouble) == (False, "")
    admitted = living.store.order(first.id)
    assert admitted is not None
    lease = living.store.lease(admitted.lease_id or "")
    assert lease is not None
    assert lease.state is LeaseState.RUNNING
    with living.database.reading() as connection:
        kinds = [event.kind for event in read_events(connection)]
    assert [kind for kind in kinds if kind in (POOL_STALE, POOL_FRESH)] == [
        POOL_FRESH,
        POOL_STALE,
        POOL_FRESH,
    ]
