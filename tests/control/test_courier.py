"""The courier: every event told once, sent until it is taken, dead letters replayed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tidegate.control.access import SYSTEM, Actor, Reach, Role
from tidegate.control.access_store import AccessStore
from tidegate.control.courier import Clocks, Courier
from tidegate.control.notices import MAIL_BACKOFF_S, MailState
from tidegate.control.seal import Seal
from tidegate.control.tenant_acts import create_tenant
from tidegate.control.tenants import Tenant
from tidegate.control.webhook_acts import Webhooks
from tidegate.control.webhooks import BACKOFF_S, CLAIM_S, Delivery, DeliveryState, Outcome
from tidegate.lease.events import Event
from tidegate.store import Database
from tidegate.store.access import SqlAccess

SEAL = Seal(b"0123456789abcdef" * 2)


class Outside:
    """Receivers and a mail server that answer as the test wants, and a clock."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000
        self.answers: dict[str, Outcome] = {}
        self.got: list[tuple[str, dict[str, Any], Mapping[str, str]]] = []
        self.mail_trouble = ""
        self.mails: list[tuple[str, str, str, str]] = []

    def check_url(self, url: str) -> None:
        pass

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        self.got.append((url, json.loads(body), headers))
        return self.answers.get(url, Outcome(204))

    def clock(self) -> int:
        return self.now_s


class Mail:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def send(self, to: str, subject: str, text: str, message_id: str) -> str:
        self._outside.mails.append((to, subject, text, message_id))
        return self._outside.mail_trouble


class Bench:
    """A courier at work."""

    def __init__(self, database: Database) -> None:
        self.door = SqlAccess(database)
        self.outside = Outside()
        self.hooks = Webhooks(self.door, SEAL, self.outside, self.outside.clock)
        self.anna, self.bert = (
            create_tenant(self.door, SYSTEM, name=name, email=f"{name}@example.org", wall_s=1)
            for name in ("anna", "bert")
        )
        self.courier = self.hire()

    def hire(self) -> Courier:
        clocks = Clocks(self.outside.clock, self.outside.clock)
        return Courier(self.door, SEAL, self.outside, Mail(self.outside), clocks)

    def happen(self, kind: str, tenant: Tenant | None, subject: str = "lea_1", **data: Any) -> None:
        with self.door.changing() as store:
            event = Event(1_800_000_000, "system:loop", kind, subject, data)
            store.events.add([replace(event, tenant_id=tenant.id if tenant else None)])

    def hook(self, url: str, tenant: Tenant | None, *kinds: str) -> str:
        actor = Actor("usr_t", Role.TENANT, tenant.id) if tenant else SYSTEM
        return self.hooks.create(actor, url, kinds, None).endpoint.id

    def deliveries(self, hook: str) -> list[Delivery]:
        with self.door.reading() as store:
            return store.deliveries.deliveries(Reach(None), hook, None, None, 100)


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


def test_each_is_told_of_its_own_events_and_the_owner_of_all(bench: Bench):
    bench.hook("https://anna.test/", bench.anna)
    bench.hook("https://bert.test/", bench.bert, "lease.*")
    bench.hook("https://owner.test/", None)
    bench.happen("lease.noticed", bench.anna, take_s=1_800_000_120)
    bench.happen("order.placed", bench.bert, "ord_1")
    bench.happen("lease.running", bench.bert)
    bench.happen("pool.stale", None, "pool")
    while bench.courier.work():
        pass
    told = sorted((url, body["type"]) for url, body, _ in bench.outside.got)
    assert told == [
        ("https://anna.test/", "lease.noticed"),
        ("https://bert.test/", "lease.running"),
        ("https://owner.test/", "lease.noticed"),
        ("https://owner.test/", "lease.running"),
        ("https://owner.test/", "order.placed"),
        ("https://owner.test/", "pool.stale"),
    ]


def test_an_event_is_told_once_whoever_dies_when(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """Killed in the middle of telling: nothing of it is kept, and another courier tells all of it."""
    hook = bench.hook("https://anna.test/", bench.anna)
    for _ in range(3):
        bench.happen("lease.noticed", bench.anna)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tidegate.store.access.tickets.SqlBookmarks.move", die)
        with pytest.raises(KeyboardInterrupt):
            bench.courier.tell()
    assert bench.deliveries(hook) == []
    first, second = bench.hire(), bench.hire()
    assert not first.tell()
    assert not second.tell()
    assert len(bench.deliveries(hook)) == 3
    with bench.door.reading() as store:
        assert len(store.notices.notices(Reach(bench.anna.id), None, 9)) == 3


def test_what_was_claimed_by_one_who_died_is_sent_by_another_under_the_same_id(bench: Bench):
    bench.hook("https://anna.test/", bench.anna)
    bench.happen("lease.noticed", bench.anna)
    bench.courier.tell()
    with bench.door.changing() as store:
        claimed = store.deliveries.claim_due(bench.outside.now_s, 9)
    assert len(claimed) == 1
    assert bench.courier.send() == 0
    bench.outside.now_s += CLAIM_S
    assert bench.courier.send() == 1
    assert bench.outside.got[0][2]["webhook-id"] == claimed[0][0].id


def test_a_receiver_that_fails_is_tried_again_ever_later_then_it_is_a_dead_letter(bench: Bench):
    hook = bench.hook("https://anna.test/", bench.anna)
    bench.outside.answers["https://anna.test/"] = Outcome(500, "[TG-HOOK-REFUSED] 500")
    bench.happen("lease.noticed", bench.anna)
    bench.courier.tell()
    pauses: list[int] = []
    while (delivery := bench.deliveries(hook)[0]).state is DeliveryState.WAITING:
        pauses.append(delivery.next_s - bench.outside.now_s)
        bench.outside.now_s = delivery.next_s
        assert bench.courier.send() == 1
        assert bench.courier.send() == 0
    assert delivery.state is DeliveryState.DEAD
    assert delivery.trouble == "[TG-HOOK-REFUSED] 500"
    assert len(bench.outside.got) == len(BACKOFF_S) == len(pauses)
    for pause, wanted in zip(pauses, BACKOFF_S, strict=True):
        assert 0.9 * wanted - 1 <= pause <= 1.1 * wanted + 1
    assert len({headers["webhook-id"] for _, _, headers in bench.outside.got}) == 1

    bench.outside.answers.clear()
    anna = Actor("usr_t", Role.TENANT, bench.anna.id)
    bench.hooks.replay(anna, hook, delivery.id)
    bench.courier.send()
    assert bench.deliveries(hook)[0].state is DeliveryState.DELIVERED
    assert bench.outside.got[-1][2]["webhook-id"] == delivery.id
    assert bench.outside.got[-1][1] == bench.outside.got[0][1]


def test_one_that_hangs_or_fails_holds_up_nobody_else(bench: Bench):
    bench.hook("https://anna.test/", bench.anna)
    bench.hook("https://bert.test/", bench.bert)
    bench.outside.answers["https://anna.test/"] = Outcome(None, "[TG-HOOK-UNREACHABLE] timeout")
    for tenant in (bench.anna, bench.bert, bench.bert):
        bench.happen("lease.running", tenant)
    bench.courier.work()
    assert [url for url, _, _ in bench.outside.got].count("https://bert.test/") == 2


def test_a_receiver_that_is_gone_is_disabled(bench: Bench):
    hook = bench.hook("https://anna.test/", bench.anna)
    bench.outside.answers["https://anna.test/"] = Outcome(410, "[TG-HOOK-REFUSED] 410")
    bench.happen("lease.running", bench.anna)
    bench.courier.work()
    endpoint = bench.hooks.find(SYSTEM, hook)
    assert endpoint.disabled_s == bench.outside.now_s
    assert "410" in endpoint.trouble
    bench.happen("lease.running", bench.anna)
    bench.courier.work()
    assert len(bench.outside.got) == 1


def test_a_recall_is_on_the_account_and_in_the_mail_box(bench: Bench):
    bench.happen("lease.noticed", bench.anna, take_s=1_800_000_120)
    bench.happen("order.placed", bench.anna, "ord_1")
    bench.courier.work()
    with bench.door.reading() as store:
        notices = store.notices.notices(Reach(bench.anna.id), None, 9)
        assert store.notices.notices(Reach(bench.bert.id), None, 9) == []
    line = "Recall: the nodes of lease lea_1 are taken back at 2027-01-15 08:02:00 UTC."
    assert [(each.kind, each.headline, each.mail) for each in notices] == [
        ("lease.noticed", line, MailState.SENT)
    ]
    to, subject, text, message_id = bench.outside.mails[0]
    assert (to, subject, message_id) == ("anna@example.org", line, notices[0].id)
    assert "lea_1" in text


def test_a_mail_server_that_is_down_is_tried_again_then_given_up(bench: Bench):
    bench.outside.mail_trouble = "[TG-HOOK-UNREACHABLE] down"
    bench.happen("lease.noticed", bench.anna)
    for pause_s in (*MAIL_BACKOFF_S, 86_400):
        bench.outside.now_s += pause_s + 61
        bench.courier.work()
    assert len(bench.outside.mails) == len(MAIL_BACKOFF_S)
    with bench.door.reading() as store:
        assert store.notices.notices(Reach(None), None, 9)[0].mail is MailState.DEAD


def test_a_change_of_prices_is_told_to_those_whom_it_concerns(bench: Bench):
    def price(tenant_class: str | None, rate: str) -> dict[str, Any]:
        return {
            "product": "flex",
            "chip": "H100-SXM",
            "tenant_class": tenant_class,
            "currency": "USD",
            "rate": rate,
        }

    bench.hook("https://anna.test/", bench.anna)
    changed = [price("academic", "0.90"), price(None, "1.80")]
    bench.happen("prices.changed", None, "book", changed=changed)
    bench.courier.work()
    with bench.door.reading() as store:
        notices = store.notices.notices(Reach(None), None, 9)
    assert {each.tenant_id for each in notices} == {bench.anna.id, bench.bert.id}
    for each in notices:
        assert each.headline == (
            "Prices have changed for new quotes: flex on H100-SXM at 1.80 USD."
        )
    assert "0.90" not in json.dumps([body for _, body, _ in bench.outside.got])


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        (
            "invoice.issued",
            {
                "number": "INV-2026-00007",
                "month": "2026-03",
                "amount_due": "54.59",
                "currency": "USD",
                "due_s": 1_777_593_600,
            },
            "Invoice INV-2026-00007 for 2026-03: 54.59 USD due at 2026-05-01 00:00:00 UTC.",
        ),
        (
            "credit_note.issued",
            {"number": "CRN-2026-00001", "reason": "break", "total": "3.10", "currency": "USD"},
            "Credit note CRN-2026-00001 (break): 3.10 USD, taken off the next invoices.",
        ),
        (
            "budget.reached",
            {
                "month": "2026-03",
                "share": "0.8",
                "spent": "80.00",
                "budget": "100.00",
                "currency": "USD",
            },
            "80% of the budget of 2026-03 is spent: 80.00 of 100.00 USD.",
        ),
        ("lease.ending", {"end_s": 1_777_593_600}, "Lease lea_1 ends at 2026-05-01 00:00:00 UTC."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_tenant_is_told_stands_in_one_sentence(
    bench: Bench, kind: str, data: dict[str, Any], line: str
):
    bench.happen(kind, bench.anna, **data)
    bench.courier.work()
    assert [subject for _, subject, _, _ in bench.outside.mails] == [line]


def test_old_deliveries_are_swept_out_and_waiting_ones_are_not(bench: Bench):
    taken, refused = (bench.hook(f"https://{name}.test/", bench.anna) for name in ("a", "b"))
    bench.outside.answers["https://b.test/"] = Outcome(500, "[TG-HOOK-REFUSED] 500")
    bench.happen("lease.running", bench.anna)
    bench.courier.work()
    bench.outside.now_s += 31 * 86_400
    bench.courier.tidy()
    assert bench.deliveries(taken) == []
    assert [each.state for each in bench.deliveries(refused)] == [DeliveryState.WAITING]


def test_the_courier_seals_the_audit_log(bench: Bench):
    bench.courier.work()

    def unsealed(store: AccessStore) -> int:
        return len(store.audit.unsealed(99))

    with bench.door.reading() as store:
        assert unsealed(store) == 0
        last = store.audit.last_seal()
        assert last
        assert last.position == 2
