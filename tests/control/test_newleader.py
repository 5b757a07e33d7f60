"""What a decision remembers of earlier ones outlives the leader that made them."""

from pathlib import Path

from tests.control.living import START_S, Living, a_database, a_pool, an_order

from tidegate.drivers.embedded.jobs import JobList
from tidegate.lease.states import LeaseState, OrderState
from tidegate.quota.backoff import BACK_OFF_S


def test_what_a_recall_was_made_for_is_kept_by_the_next_leader(tmp_path: Path):
    pool = a_pool(2)
    jobs = JobList([START_S + 7200], [60], [16])
    living = Living(a_database(tmp_path), pool, jobs, quiet_days=2)
    living.step()
    living.place(an_order(pool, "preemptible", nodes=2, duration_s=86_400))
    living.run_until(START_S + 7201)
    living.step()
    (lease,) = living.line.book.leases.values()
    assert lease.state is LeaseState.NOTICED
    assert lease.noticed_s is not None
    calm = living.line.book.calm
    assert (calm.level, calm.until_s) == (2, lease.noticed_s + BACK_OFF_S)
    living.begin()
    assert living.line.book.calm == calm

    # The job is gone and the nodes are clean; they are not lent before the half hour is over.
    living.run_until(START_S + 7200 + 1500)
    early = living.place(an_order(pool, "preemptible"))
    living.step()
    assert living.judged[early.id].reason == "no-room"
    living.run_until(calm.until_s)
    late = living.place(an_order(pool, "preemptible"))
    living.step()
    assert living.judged[late.id].state is OrderState.ADMITTED
    living.database.close()


def test_offers_kept_out_raise_the_bid_price_for_the_next_leader_too(tmp_path: Path):
    pool = a_pool(4, reserve_nodes=1)
    living = Living(a_database(tmp_path), pool, quiet_days=30)
    living.step()
    living.place(an_order(pool, "flex", nodes=3, duration_s=86_400))
    living.step()
    refused = [living.place(an_order(pool, "flex", nodes=1)) for _ in range(3)]
    living.step()
    assert {living.judged[order.id].reason for order in refused} == {"quota"}
    living.run_until(START_S + 900)
    displaced = living.line.book.engine.displaced.tolist()
    assert 0 < displaced[-1] <= pool.steps(refused[0].price)
    living.begin()
    assert living.line.book.engine.displaced.tolist() == displaced
    living.database.close()
