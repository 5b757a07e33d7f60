"""Orders on the short way to the leader in the same process, and what is kept of tenants and keys meanwhile."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from tests.control.living import Living, a_pool, an_order

from tidegate.control.intake import Intake
from tidegate.control.recent import KEPT_S, Recent
from tidegate.lease.lease import Order
from tidegate.lease.replay import replay
from tidegate.lease.states import OrderState
from tidegate.store import Database
from tidegate.store.events import read_events

POOL = a_pool(8)


def handed(living: Living, **more: Any) -> Order:
    return replace(an_order(POOL, **more), placed_s=living.clock.time_s)


def a_life(database: Database) -> Living:
    living = Living(database, POOL, quiet_days=14)
    living.step()
    living.intake.open()
    return living


def test_an_order_handed_in_is_written_with_its_verdict(database: Database):
    living = a_life(database)
    order = handed(living, nodes=2, idempotency_key="k")
    answer = living.intake.put(order)
    assert answer is not None
    assert living.store.order(order.id) is None  # nothing is written before it is judged
    living.step()
    judged = answer.result(timeout=0)
    assert judged is not None
    assert judged.state is OrderState.ADMITTED
    assert living.store.order(order.id) == judged
    with database.reading() as connection:
        kinds = [event.kind for event in read_events(connection) if event.subject == order.id]
        assert replay(read_events(connection)).things[order.id] == judged
    assert kinds == ["order.placed", "order.admitted"]


def test_a_key_makes_one_order_on_whichever_way_it_comes(database: Database):
    living = a_life(database)
    first = living.place(handed(living, idempotency_key="k"))
    second = handed(living, idempotency_key="new")
    again = living.intake.put(handed(living, idempotency_key="k"))
    answers = [living.intake.put(replace(second, id=f"{second.id[:-1]}{i}")) for i in range(3)]
    living.step()
    assert again is not None
    told = again.result(timeout=0)
    assert told is not None
    assert told.id == first.id
    ids = {answer.result(timeout=0).id for answer in answers if answer}  # type: ignore[union-attr]
    assert len(ids) == 1
    late = living.intake.put(handed(living, idempotency_key="new"))
    living.step()
    assert late is not None
    assert {late.result(timeout=0).id} == ids  # type: ignore[union-attr]


def test_what_a_step_that_fails_had_taken_is_handed_back(database: Database):
    living = a_life(database)
    order = handed(living, idempotency_key="k")
    answer = living.intake.put(order)
    assert answer is not None
    # Another replica places an order of the same key between the leader's look and its writing.
    look = living.store.orders_of_keys

    def look_then_place(keys: list[tuple[str, str]]) -> list[Order]:
        found = look(keys)
        living.store.place(handed(living, idempotency_key="k"))
        return found

    living.store.orders_of_keys = look_then_place  # type: ignore[method-assign, assignment]
    with pytest.raises(IntegrityError):
        living.step()
    living.intake.close()
    assert answer.result(timeout=0) is None
    assert living.store.order(order.id) is None
    living.store.orders_of_keys = look  # type: ignore[method-assign]
    assert living.store.place(order).id != order.id


def test_nobody_is_left_waiting_and_nothing_taken_while_nobody_leads():
    intake = Intake()
    assert intake.put(an_order(POOL)) is None
    intake.open()
    answer = intake.put(an_order(POOL))
    intake.close()
    assert answer is not None
    assert answer.result(timeout=0) is None
    assert intake.put(an_order(POOL)) is None


def test_an_order_is_taken_back_only_before_the_leader_has_it():
    intake = Intake()
    intake.open()
    early, late = an_order(POOL, idempotency_key="a"), an_order(POOL, idempotency_key="b")
    first, second = intake.put(early), intake.put(late)
    intake.withdraw(early)
    assert intake.take(POOL.id) == [late]
    intake.withdraw(late)
    assert first is not None
    assert second is not None
    assert first.done()
    assert not second.done()


class Shelf:
    """Values that are looked up, and a clock."""

    def __init__(self) -> None:
        self.values = {"a": 1}
        self.looks = 0
        self.now_s = 0.0
        self.looked = threading.Event()
        self.recent = Recent(self.look, lambda: self.now_s)

    def look(self, key: str) -> int | None:
        self.looks += 1
        value = self.values.get(key)
        self.looked.set()
        return value


def test_a_value_is_looked_up_once_in_its_time():
    shelf = Shelf()
    assert [shelf.recent.of("a") for _ in range(5)] == [1] * 5
    assert shelf.looks == 1
    shelf.values["a"] = 2
    shelf.now_s = KEPT_S
    assert shelf.recent.known("a") is None
    assert shelf.recent.of("a") == 2
    shelf.recent.close()


def test_a_change_of_this_process_is_seen_at_once():
    shelf = Shelf()
    assert shelf.recent.of("a") == 1
    shelf.values["a"] = 2
    shelf.recent.forget()
    assert shelf.recent.of("a") == 2
    shelf.recent.close()


def test_what_was_looked_up_before_a_change_is_not_kept():
    shelf = Shelf()
    look = shelf.look

    def changed_meanwhile(key: str) -> int | None:
        value = look(key)
        shelf.recent.forget()
        return value

    recent = shelf.recent = Recent(changed_meanwhile, lambda: shelf.now_s)
    assert recent.of("a") == 1
    assert recent.known("a") is None
    recent.close()


def test_what_is_asked_for_all_the_time_is_renewed_while_nobody_waits():
    shelf = Shelf()
    shelf.recent.of("a")
    shelf.values["a"] = 2
    shelf.looked.clear()
    shelf.now_s = KEPT_S * 0.6
    assert shelf.recent.known("a") == 1
    assert shelf.looked.wait(5)
    shelf.recent.close()
    shelf.now_s = KEPT_S * 1.05
    assert shelf.recent.known("a") == 2


def test_the_tables_tell_of_their_changes(tmp_path: Path, database: Database):
    living = Living(database, POOL)
    told: list[str] = []
    database.watch(["lease_order"], lambda: told.append("order"))
    living.place(an_order(POOL))
    assert told == ["order"]
    living.store.placed(POOL.id)
    assert told == ["order"]
