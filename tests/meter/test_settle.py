"""The meter's ledger is what was held: exactly once, whatever comes late, twice or wrong."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from tests.meter.strategies import CLAIMS, LEASES, NOW_S, STOPS, histories

from tidegate.meter import Conflict, Held, MeterRecord, by_hour, gpu_seconds, settle


def second_by_second(
    told: Iterable[Held], stops: dict[str, int], now_s: int
) -> Counter[tuple[str, str, int]]:
    """The slow twin: GPUs by lease, node and second, where just one lease has the node."""
    claims: dict[tuple[str, int], dict[str, int]] = {}
    for lease_id, node, gpus, start_s, end_s in told:
        end = min(now_s if end_s is None else end_s, stops.get(lease_id, now_s), now_s)
        for at in range(start_s, end):
            claims.setdefault((node, at), {})[lease_id] = gpus
    return Counter(
        {
            (lease_id, node, at): gpus
            for (node, at), here in claims.items()
            if len(here) == 1
            for lease_id, gpus in here.items()
        }
    )


def spread(records: Iterable[MeterRecord]) -> Counter[tuple[str, str, int]]:
    """A ledger second by second."""
    total: Counter[tuple[str, str, int]] = Counter()
    for record in records:
        for at in range(record.start_s, record.end_s):
            total[record.lease_id, record.node, at] += record.gpus
    return Counter({key: gpus for key, gpus in total.items() if gpus})


def metered(
    told: list[Held],
    stops: dict[str, int],
    now_s: int = NOW_S,
    ledger: tuple[MeterRecord, ...] = (),
) -> tuple[MeterRecord, ...]:
    return ledger + settle(LEASES, told, ledger, stops, now_s).records


@given(histories(), st.integers(0, 80))
def test_meters_equal_holdings(told: list[Held], now_s: int):
    records = metered(told, {}, now_s)
    expected: Counter[str] = Counter()
    for lease_id, _, gpus, start_s, end_s in told:
        expected[lease_id] += gpus * max(0, min(end_s or now_s, now_s) - start_s)
    assert Counter(gpu_seconds(records)) == +expected
    assert settle(LEASES, told, records, {}, now_s).conflicts == ()


@given(CLAIMS, STOPS)
def test_the_ledger_is_what_is_certain(told: list[Held], stops: dict[str, int]):
    # A lease that is told twice of one node would count twice in the twin's claims; it counts once.
    once = [
        h
        for i, h in enumerate(told)
        if (h.lease_id, h.node) not in {(o.lease_id, o.node) for o in told[:i]}
    ]
    assert spread(metered(once, stops)) == second_by_second(once, stops, NOW_S)


@given(st.lists(st.tuples(CLAIMS, STOPS), min_size=1, max_size=4))
def test_late_and_corrected_facts_end_where_the_last_facts_say(
    told: list[tuple[list[Held], dict[str, int]]],
):
    """However the facts have changed on the way, the ledger is that of the facts told last."""
    ledger: tuple[MeterRecord, ...] = ()
    for place, (facts, stops) in enumerate(told):
        ledger = metered(facts, stops, NOW_S + 10 * place, ledger)
        assert settle(LEASES, facts, ledger, stops, NOW_S + 10 * place).records == ()
    facts, stops = told[-1]
    fresh = metered(facts, stops, NOW_S + 10 * (len(told) - 1))
    assert spread(ledger) == spread(fresh)


@given(histories(), st.lists(st.integers(0, 80), min_size=1, max_size=6))
def test_often_or_seldom_is_the_same(told: list[Held], times: list[int]):
    ledger: tuple[MeterRecord, ...] = ()
    for now_s in sorted(times):
        ledger = metered(told, {}, now_s, ledger)
    assert spread(ledger) == spread(metered(told, {}, max(times)))
    assert all(record.gpus > 0 for record in ledger)


@given(CLAIMS, STOPS)
def test_nothing_is_metered_after_a_break(told: list[Held], stops: dict[str, int]):
    for record in metered(told, stops):
        assert record.end_s <= stops.get(record.lease_id, NOW_S)


def test_sanitising_is_not_metered():
    told = [Held("lea_1", "n1", 8, 0, 100), Held("lea_2", "n1", 8, 400, None)]
    records = settle(["lea_1", "lea_2"], told, (), {}, 500).records
    assert [(r.lease_id, r.start_s, r.end_s) for r in records] == [
        ("lea_1", 0, 100),
        ("lea_2", 400, 500),
    ]


def test_two_claims_are_billed_to_neither_until_corrected():
    told = [Held("lea_1", "n1", 8, 0, 100), Held("lea_2", "n1", 8, 90, 200)]
    settled = settle(["lea_1", "lea_2"], told, (), {}, 300)
    assert settled.conflicts == (Conflict("n1", 90, 100, ("lea_1", "lea_2")),)
    assert gpu_seconds(settled.records) == {"lea_1": 8 * 90, "lea_2": 8 * 100}
    told[0] = told[0]._replace(end_s=90)
    corrected = settle(["lea_1", "lea_2"], told, settled.records, {}, 400)
    assert corrected.conflicts == ()
    assert [(r.lease_id, r.gpus, r.start_s, r.end_s) for r in corrected.records] == [
        ("lea_2", 8, 90, 100)
    ]


def test_other_leases_on_the_node_are_left_alone():
    told = [Held("lea_1", "n1", 8, 0, 50), Held("lea_2", "n1", 8, 40, 100)]
    records = settle(["lea_1"], told, (), {}, 100).records
    assert [(r.lease_id, r.start_s, r.end_s) for r in records] == [("lea_1", 0, 40)]


def test_a_correction_takes_back():
    first = settle(["lea_1"], [Held("lea_1", "n1", 8, 0, None)], (), {}, 3600).records
    settled = settle(["lea_1"], [Held("lea_1", "n1", 8, 0, 600)], first, {}, 7200).records
    assert settled == (MeterRecord("lea_1", "n1", -8, 600, 3600, 7200),)


@given(CLAIMS, STOPS)
def test_hours_add_up(told: list[Held], stops: dict[str, int]):
    stretched = [
        h._replace(start_s=h.start_s * 97, end_s=None if h.end_s is None else h.end_s * 97)
        for h in told
    ]
    records = metered(stretched, {k: v * 97 for k, v in stops.items()}, NOW_S * 97)
    hours = by_hour(records, 0, NOW_S * 97)
    totals: Counter[str] = Counter()
    for (lease_id, hour_s), seconds in hours.items():
        assert hour_s % 3600 == 0
        assert 0 < seconds <= 2 * 8 * 3600
        totals[lease_id] += seconds
    assert totals == Counter(gpu_seconds(records))


def test_hours_outside_the_window_are_cut_off():
    record = MeterRecord("lea_1", "n1", 8, 1000, 9000, 9000)
    assert by_hour([record], 3600, 7300) == {("lea_1", 3600): 8 * 3600, ("lea_1", 7200): 8 * 100}


@given(st.lists(st.tuples(CLAIMS, STOPS), min_size=1, max_size=4), st.integers(0, NOW_S))
def test_before_the_window_nothing_is_touched(
    told: list[tuple[list[Held], dict[str, int]]], from_s: int
):
    """A pass over a window ends there where a whole pass would, and leaves what was before as it is."""
    ledger = metered(*told[0])
    for facts, stops in told[1:]:
        whole = spread(metered(facts, stops, NOW_S, ledger))
        before = spread(ledger)
        ledger += settle(LEASES, facts, ledger, stops, NOW_S, from_s).records
        after = spread(ledger)
        assert {k: v for k, v in after.items() if k[2] < from_s} == {
            k: v for k, v in before.items() if k[2] < from_s
        }
        assert {k: v for k, v in after.items() if k[2] >= from_s} == {
            k: v for k, v in whole.items() if k[2] >= from_s
        }
