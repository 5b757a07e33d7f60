"""A pool played slowly and obviously, as ``docs/guide/simulation.md`` says.

The twin of the compiled kernel: it keeps plain lists, looks at everything in every round, and
follows the page step by step. Where the page left a choice, the comment says ``Reading:``.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.naive import bid, gfs
from tests.naive.cover import cheapest_cover
from tests.naive.forecast import DAY_S, HORIZONS_S, Curve

from tidegate.quota import RecallReason, Verdict
from tidegate.quota.policy import Policy, PolicyCode
from tidegate.simulate.model import (
    Cluster,
    Failures,
    Holder,
    Jobs,
    Leases,
    Outcome,
    Played,
    Requests,
    Ticks,
    Window,
)

HOUR = 3600

AVAILABLE, LEASED, SANITISING, FAILED = "available", "leased", "sanitising", "failed"


def play(
    cluster: Cluster,
    jobs: Jobs,
    requests: Requests,
    failures: Failures,
    policy: Policy,
    window: Window,
    forecast_free: NDArray[np.int64] | None = None,
    announced: NDArray[np.int64] | None = None,
    *,
    record: bool = True,
    products: int = 1,
) -> Played:
    """Play a pool; the arguments and the result are those of ``tidegate.simulate.play``."""
    pool = _Pool(cluster, jobs, requests, failures, policy, window, forecast_free, announced)
    while not pool.is_over():
        pool.play_round(pool.next_time())
    return pool.played(record=record, products=products)


@dataclass(eq=False)
class _Node:
    number: int
    free: int
    state: str = AVAILABLE
    clean: bool = True
    since: int = 0
    """When it began to be sanitised or failed."""
    until: int = 0
    """When its sanitising or its repair ends."""
    leased_since: int = 0
    heir: "_Lease | None" = None
    """The lease that it is meant for when the one that holds it ends."""


@dataclass(frozen=True)
class _Job:
    number: int
    submit: int
    duration: int
    gpus: int


@dataclass(frozen=True, eq=False)
class _Run:
    """A job that runs; ``gpus_each`` are its GPUs on each of its nodes."""

    job: _Job
    nodes: list[_Node]
    gpus_each: int
    start: int

    @property
    def end(self) -> int:
        return self.start + self.job.duration


@dataclass(frozen=True)
class _Request:
    number: int
    time: int
    product: int
    nodes: int
    duration: int
    firm: int
    notice: int
    price: int

    @property
    def remaining_firm_time(self) -> int:
        return min(max(self.firm, self.notice), self.duration)


@dataclass(eq=False)
class _Lease:
    request: _Request
    nodes: list[_Node]
    admitted_at: int
    start: int
    notice_at: int | None = None
    ended_at: int | None = None
    outcome: Outcome | None = None
    reason: "_Reason | None" = None

    @property
    def size(self) -> int:
        return self.request.nodes

    @property
    def is_whole(self) -> bool:
        return len(self.nodes) == self.size

    @property
    def nodes_not_meant_for_another(self) -> int:
        return self.size - sum(node.heir is not None for node in self.nodes)

    def is_settled(self, t: int) -> bool:
        return self.start + 1800 <= t

    @property
    def end(self) -> int:
        return self.start + self.request.duration

    @property
    def firm_until(self) -> int:
        return self.start + self.request.firm if self.request.firm else self.admitted_at

    @property
    def under_notice(self) -> bool:
        return self.notice_at is not None

    @property
    def taking_time(self) -> int:
        assert self.notice_at is not None
        return self.notice_at + self.request.notice

    @property
    def due(self) -> int:
        return self.taking_time if self.under_notice else self.end

    def is_leaving(self, t: int) -> bool:
        return self.under_notice or self.end <= t + self.request.notice

    def is_mature(self, t: int) -> bool:
        return self.firm_until <= t + self.request.notice

    def remaining_firm_time(self, t: int) -> int:
        if self.under_notice:
            return self.taking_time - t
        if self.admitted_at == t:
            return min(max(self.request.firm, self.request.notice), self.request.duration)
        return min(max(self.firm_until - t, self.request.notice), self.end - t)

    def cost_of_taking(self, t: int, *, broken: bool) -> int:
        price, k, take = self.request.price, self.size, t + self.request.notice
        rent_forgone = 10 * price * k * (self.end - take)
        work_lost = 10 * price * k * min(max(0, t - self.start), 3600)
        credit = 13 * price * k * max(0, take - self.start) if broken else 0
        return rent_forgone + work_lost + credit

    def firm_node_seconds_broken(self, t: int) -> int:
        return self.size * max(0, self.firm_until - max(self.start, t + self.request.notice))

    @property
    def broken_s(self) -> int:
        if self.outcome not in (Outcome.BROKEN, Outcome.FAILED):
            return 0
        assert self.ended_at is not None
        return max(0, self.firm_until - max(self.start, self.ended_at))


@dataclass(frozen=True)
class _Reason:
    why: RecallReason
    need: int
    cost: int
    against: int = 0
    displaced_for: int = -1


@dataclass(frozen=True)
class _Tick:
    demand: int
    busy: int
    pending: int
    sanitising: int
    failed: int
    leased_by_product: dict[int, int]
    bounds: list[int]


class _Pool:
    """The whole state of a play."""

    def __init__(
        self,
        cluster: Cluster,
        jobs: Jobs,
        requests: Requests,
        failures: Failures,
        policy: Policy,
        window: Window,
        forecast_free: NDArray[np.int64] | None,
        announced: NDArray[np.int64] | None,
    ) -> None:
        self.cluster, self.policy, self.window = cluster, policy, window
        self.now = -1
        self.stopped = False
        self.nodes = [_Node(i, free=cluster.gpus_per_node) for i in range(cluster.nodes)]

        self.jobs = [
            _Job(number, *(int(x) for x in job))
            for number, job in enumerate(zip(*jobs, strict=True))
        ]
        self.to_submit = list(self.jobs)
        self.queue: list[_Job] = []
        self.running: list[_Run] = []
        self.job_start = {job.number: -1 for job in self.jobs}

        self.requests = [
            _Request(number, *(int(x) for x in request))
            for number, request in enumerate(zip(*requests, strict=True))
        ]
        # Requests before `lease_from` or from `stop` on do not exist.
        self.to_judge = [r for r in self.requests if window.lease_from_s <= r.time < window.stop_s]
        self.verdicts: dict[int, tuple[Verdict, int, int, int]] = {}
        self.leases: list[_Lease] = []
        self.ended_leases: list[_Lease] = []

        self.to_fail = [tuple(int(x) for x in failure) for failure in zip(*failures, strict=True)]
        tick = window.tick_s
        self.ticks_to_come = list(range(0, window.stop_s, tick)) if tick > 0 else []
        self.sold = self.broken = self.started = self.late = self.short = 0
        # The bounds and the quota curve of the last tick.
        full = policy.full_risk_s
        risks = [policy.eps * (0.075 if 0 < full < h else 1) for h in HORIZONS_S]
        known = [] if announced is None else announced.tolist()
        self.curve = Curve(cluster.nodes, max(1, window.tick_s), risks, known)
        self.bounds = [-1] * len(HORIZONS_S)
        self.promisable = [0] * len(HORIZONS_S)
        # Offers that promises kept out, and the prices of the last tick below which a promise displaces such.
        self.kept_out: list[bid.KeptOut] = []
        self.displaced = [0] * len(HORIZONS_S)
        self.tick = -1
        self.break_cost = 0.0
        # The internal demand that a recall was made for of late, and until when it counts.
        self.level, self.level_until = 0, 0
        self.short_since: int | None = None
        self.kept_back = 0
        # GFS: nodes free by forecast, a factor on them, and the quota of the last tick.
        self.forecast_free = [] if forecast_free is None else [int(x) for x in forecast_free]
        self.eta, self.quota = 1.0, 0
        self.periods = 0, 0
        self.ticks: list[_Tick] = []
        self.holdings: list[tuple[int, Holder, int, int, int]] = []

    # --- what is counted ------------------------------------------------------------------------

    def count(self, state: str) -> int:
        return sum(node.state == state for node in self.nodes)

    def is_idle(self, node: _Node) -> bool:
        return node.state == AVAILABLE and node.free == self.cluster.gpus_per_node

    def idle_nodes(self) -> list[_Node]:
        return [node for node in self.nodes if self.is_idle(node)]

    @property
    def idle(self) -> int:
        return len(self.idle_nodes())

    @property
    def busy(self) -> int:
        return self.count(AVAILABLE) - self.idle

    def is_small(self, job: _Job) -> bool:
        return job.gpus < self.cluster.gpus_per_node

    def whole_nodes(self, gpus: int) -> int:
        return -(-gpus // self.cluster.gpus_per_node)

    @property
    def pending(self) -> int:
        large = sum(self.whole_nodes(job.gpus) for job in self.queue if not self.is_small(job))
        small_gpus = sum(job.gpus for job in self.queue if self.is_small(job))
        return large + self.whole_nodes(small_gpus)

    @property
    def demand(self) -> int:
        return self.busy + self.pending

    @property
    def incoming(self) -> int:
        leaving = [lease for lease in self.leases if lease.is_leaving(self.now)]
        return self.count(SANITISING) + sum(x.nodes_not_meant_for_another for x in leaving)

    def staying_leases(self) -> list[_Lease]:
        return [x for x in self.leases if x.is_whole and not x.is_leaving(self.now)]

    # --- rounds ---------------------------------------------------------------------------------

    def is_over(self) -> bool:
        return self.stopped and not self.to_submit and not self.queue

    def next_time(self) -> int:
        due = [run.end for run in self.running]
        due += [lease.due for lease in self.leases]
        due += [node.until for node in self.nodes if node.state in (SANITISING, FAILED)]
        due += [time for time, _, _ in self.to_fail]
        due += [] if self.stopped else [self.window.stop_s]
        due += [job.submit for job in self.to_submit]
        due += self.ticks_to_come
        if self.short_since is not None and self.short_since + 60 > self.now and not self.stopped:
            due.append(self.short_since + 60)
        due += [request.time for request in self.to_judge]
        return min(due)

    def play_round(self, t: int) -> None:
        self.now = t
        self.end_jobs()  # 1
        self.end_leases()  # 2
        self.bring_back_nodes()  # 3
        self.fail_nodes()  # 4
        if t == self.window.stop_s and not self.stopped:
            self.stop_leasing()  # 5
        self.submit_jobs()  # 6
        self.schedule()  # 7
        if t in self.ticks_to_come:
            self.observe()  # 8
        if t < self.window.stop_s:
            self.decide()  # 9

    # 1
    def end_jobs(self) -> None:
        for run in [run for run in self.running if run.end == self.now]:
            self.free(run)

    def free(self, run: _Run) -> None:
        self.running.remove(run)
        for node in run.nodes:
            node.free += run.gpus_each
            self.held(node, Holder.INTERNAL, run.job.number, run.start, self.now)

    # 2
    def end_leases(self) -> None:
        for lease in [lease for lease in self.leases if lease.due == self.now]:
            if not lease.under_notice:
                outcome = Outcome.COMPLETED
            elif lease.taking_time < lease.firm_until:
                outcome = Outcome.BROKEN
            else:
                outcome = Outcome.RECALLED
            self.end_lease(lease, outcome)

    def end_lease(self, lease: _Lease, outcome: Outcome) -> None:
        lease.outcome, lease.ended_at = outcome, self.now
        self.leases.remove(lease)
        self.ended_leases.append(lease)
        self.broken += lease.size * lease.broken_s
        for node in self.nodes:
            if node.heir is lease:
                node.heir = None
        for node in lease.nodes:
            self.held(node, Holder.LEASE, lease.request.number, node.leased_since, self.now)
            if node.heir is not None:
                node.heir.nodes.append(node)
                node.leased_since, node.heir = self.now, None
            else:
                node.state, node.since = SANITISING, self.now
                node.until = self.now + self.cluster.sanitise_s

    # 3
    # Reading: a sanitising of 0 seconds that step 2 began ends here, in the same round; one that
    # step 4 began ends in another round at the same time.
    def bring_back_nodes(self) -> None:
        for node in self.nodes:
            if node.state in (SANITISING, FAILED) and node.until == self.now:
                self.make_available(node)

    def make_available(self, node: _Node) -> None:
        self.close(node)
        node.state, node.clean, node.free = AVAILABLE, True, self.cluster.gpus_per_node

    def close(self, node: _Node) -> None:
        """Write down the sanitising or the failure that ends now."""
        holder = Holder.SANITISING if node.state == SANITISING else Holder.FAILED
        self.held(node, holder, -1, node.since, self.now)

    # 4
    def fail_nodes(self) -> None:
        while self.to_fail and self.to_fail[0][0] == self.now:
            _, number, until = self.to_fail.pop(0)
            self.fail(self.nodes[number], until)

    def fail(self, node: _Node, until: int) -> None:
        for run in [run for run in self.running if node in run.nodes]:
            self.free(run)
            self.queue.append(run.job)
        holder = next((lease for lease in self.leases if node in lease.nodes), None)
        if holder is not None and self.policy.replaces and self.replace(holder, node):
            node.state, node.since, node.until = FAILED, self.now, until
            return
        while holders := [lease for lease in self.leases if node in lease.nodes]:
            self.end_lease(holders[0], Outcome.FAILED)
        if node.state == SANITISING:
            self.close(node)
        node.state, node.since, node.until = FAILED, self.now, until

    def replace(self, lease: _Lease, node: _Node) -> bool:
        """Give a lease the highest idle node for one that fails, beyond those that jobs wait for."""
        if self.idle <= self.pending or lease.under_notice or not lease.is_whole:
            return False
        if node.heir is not None or lease.start >= self.now:
            return False
        other = self.idle_nodes()[-1]
        self.held(node, Holder.LEASE, lease.request.number, node.leased_since, self.now)
        lease.nodes.remove(node)
        lease.nodes.append(other)
        lease.nodes.sort(key=lambda one: one.number)
        other.state, other.leased_since = LEASED, self.now
        return True

    # 5
    def stop_leasing(self) -> None:
        self.stopped = True
        for lease in list(self.leases):
            self.end_lease(lease, Outcome.OPEN)
        for node in self.nodes:
            if node.state == SANITISING:
                self.make_available(node)

    # 6
    def submit_jobs(self) -> None:
        while self.to_submit and self.to_submit[0].submit == self.now:
            self.queue.append(self.to_submit.pop(0))

    # 7
    def schedule(self) -> None:
        for job in sorted(self.queue, key=lambda job: job.number):
            if self.is_small(job):
                n, gpus_each = 1, job.gpus
                fit = [x for x in self.nodes if x.state == AVAILABLE and x.free >= job.gpus]
            else:
                n, gpus_each = self.whole_nodes(job.gpus), self.cluster.gpus_per_node
                fit = self.idle_nodes()
            if len(fit) >= n:
                self.start(_Run(job, fit[:n], gpus_each, self.now))

    def start(self, run: _Run) -> None:
        self.queue.remove(run.job)
        self.running.append(run)
        self.job_start[run.job.number] = self.now
        if run.job.submit >= self.window.lease_from_s:
            self.started += 1
        has_waited_long = self.now - run.job.submit > self.policy.floor_s
        self.late += has_waited_long and self.count(LEASED) > 0
        for node in run.nodes:
            node.free -= run.gpus_each
            node.clean = False

    # 8
    def observe(self) -> None:
        self.ticks_to_come.remove(self.now)
        if self.policy.code == PolicyCode.TIDEGATE:
            self.renew_curve()
        if self.policy.code == PolicyCode.GFS:
            self.renew_quota(self.now // self.window.tick_s)
        by_product: dict[int, int] = {}
        for lease in self.leases:
            product = lease.request.product
            by_product[product] = by_product.get(product, 0) + len(lease.nodes)
        self.ticks.append(
            _Tick(
                self.demand,
                self.busy,
                self.pending,
                self.count(SANITISING),
                self.count(FAILED),
                by_product,
                list(self.bounds),
            )
        )

    def renew_curve(self) -> None:
        day_s = (self.window.clock_s + self.now) % DAY_S
        self.bounds = self.curve.observe(self.demand, day_s)
        free = self.cluster.nodes - self.count(FAILED) - self.cluster.reserve_nodes
        self.promisable = [max(0, free - bound) for bound in self.bounds]
        self.tick = self.now // self.window.tick_s
        self.displaced = bid.displaced(self.kept_out, HORIZONS_S, self.tick, self.window.tick_s)

    def renew_quota(self, tick: int) -> None:
        past = [
            gfs.PastLease(
                lease.start,
                lease.ended_at,
                is_completed=lease.outcome == Outcome.COMPLETED,
                is_taken=lease.outcome in (Outcome.RECALLED, Outcome.BROKEN),
            )
            for lease in [*self.leases, *self.ended_leases]
        ]
        self.periods = gfs.periods(past, self.now)
        since = gfs.waits_since(
            [
                (request.time, self.verdicts[request.number][0])
                for request in self.requests
                if request.number in self.verdicts
            ]
        )
        has_waited = since is not None and self.now - since > HOUR
        self.eta = gfs.renewed(self.eta, *self.periods, has_waited=has_waited)
        self.quota = math.floor(min(self.cluster.nodes, self.eta * self.forecast_free[tick]))

    # 9
    def decide(self) -> None:
        due = [request for request in self.to_judge if request.time == self.now]
        if not self.queue:
            self.short_since = None
        if self.queue or due:
            self.break_cost = bid.break_cost(
                self.policy.eps, self.sold, self.broken, self.cluster.nodes
            )
            kept_until = self.level if self.now < self.level_until else 0
            self.kept_back = max(0, kept_until - self.demand)
            called = self.leases_to_recall()
            backs_off = self.policy.code == PolicyCode.TIDEGATE
            if not backs_off or self.shortage() <= 0:
                self.short_since = None
            elif self.short_since is None:
                self.short_since = self.now
            for lease in called:
                lease.notice_at = self.now
                self.give_reason(lease)
            if called and backs_off:
                self.level = max(kept_until, self.demand)
                self.level_until = self.now + 1800
            for request in self.in_order(due):
                self.to_judge.remove(request)
                self.judge(request)

    def in_order(self, due: list[_Request]) -> list[_Request]:
        """Return the requests that together bring most first, the others after them."""
        if self.policy.code != PolicyCode.TIDEGATE:
            return due
        best: list[_Request] = []
        for choice in self.choices(due):
            if not best or _rent(choice) > _rent(best):
                best = choice
        return best + [request for request in due if request not in best]

    def choices(
        self, due: list[_Request], taken: tuple[_Request, ...] = ()
    ) -> list[list[_Request]]:
        """List the sets that fit, those with the earlier requests first."""
        if not due:
            return [list(taken)]
        request, later = due[0], due[1:]
        without = self.choices(later, taken)
        return (
            self.choices(later, (*taken, request)) if self.fit((*taken, request)) else []
        ) + without

    def fit(self, requests: tuple[_Request, ...]) -> bool:
        """Whether these requests fit together beside what is leased."""
        if sum(r.nodes for r in requests) > self.spare:
            return False
        for j in range(len(HORIZONS_S)):
            counted = sum(r.nodes for r in requests if self.counts(r.remaining_firm_time, j))
            if counted > 0 and self.promised(j) + counted > self.promisable[j]:
                return False
        return True

    @property
    def spare(self) -> int:
        """Idle nodes that may be lent."""
        return max(0, self.idle - self.pending - self.kept_back)

    # --- recall ---------------------------------------------------------------------------------

    def leases_to_recall(self) -> list[_Lease]:
        t = self.now
        staying = self.staying_leases()
        short = min(self.shortage(), _sizes(staying))
        if short <= 0:
            return []
        self.short = short
        if self.policy.code == PolicyCode.GFS:
            may = [gfs.Victim(x.request.number, x.size, x.start) for x in staying]
            taken = gfs.victims(may, short, t, self.periods, self.cluster.nodes)
            return [x for x in staying if x.request.number in {v.number for v in taken}]
        if self.policy.code != PolicyCode.TIDEGATE:
            staying.sort(key=lambda x: (x.request.price, -x.start, x.request.number))
            return _first_to_reach(short, staying)

        mature = [lease for lease in staying if lease.is_mature(t)]
        firm = [lease for lease in staying if not lease.is_mature(t)]
        settled = [lease for lease in mature if lease.is_settled(t)]
        recent = [lease for lease in mature if not lease.is_settled(t)]
        if _sizes(settled) >= short:
            return self.in_one_block(short, settled) or self.cover(short, settled)
        if _sizes(mature) >= short:
            lasts = self.short_since is not None and self.short_since + 60 <= t
            recent = [lease for lease in recent if lasts or not self.may_be_spared(lease)]
            still = min(short - _sizes(settled), _sizes(recent))
            return settled + self.cover(still, recent)
        rest = short - _sizes(mature)

        firm.sort(key=lambda x: (x.firm_until, x.request.number))
        last = _first_to_reach(rest, firm)[-1]
        wait = last.firm_until + self.cluster.sanitise_s - t
        price_of_waiting = 10 * self.policy.wait_price * rest * max(0, wait - self.policy.floor_s)

        firm.sort(key=lambda x: x.request.number)
        unkept = [x.firm_node_seconds_broken(t) for x in firm]
        chosen = cheapest_cover(unkept, [x.size for x in firm], rest)
        to_break = [x for x, taken in zip(firm, chosen, strict=True) if taken]
        price_of_breaking = sum(lease.cost_of_taking(t, broken=True) for lease in to_break)
        newly = sum(x.firm_node_seconds_broken(t) for x in to_break)
        broken = (self.broken + newly) / (self.sold + 2.0 * 86400.0 * self.cluster.nodes)
        more = len(self.queue) * rest / self.pending
        late = 0.7 * (self.late + more) / (self.started + 200.0)
        dear_to_break, dear_to_wait = (broken * broken) ** 2, (late * late) ** 2
        breaks = price_of_breaking * dear_to_break < price_of_waiting * dear_to_wait
        if breaks:
            for lease in to_break:
                cost = lease.cost_of_taking(t, broken=True)
                lease.reason = _Reason(RecallReason.BROKEN, rest, cost, price_of_waiting)
        return mature + (to_break if breaks else [])

    def in_one_block(self, need: int, leases: list[_Lease]) -> list[_Lease]:
        """List the leases that free a block for the widest waiting job, when they should be called; else none."""
        per_block = self.cluster.block_nodes
        wide = max(
            (self.whole_nodes(x.gpus) for x in self.queue if not self.is_small(x)), default=0
        )
        if not 2 <= wide <= per_block:
            return []
        leases = sorted(leases, key=lambda x: x.request.number)
        cheapest = self.cover(need, leases)
        blocks = range(-(-self.cluster.nodes // per_block))
        free = [self.free_in_block(b) for b in blocks]
        if any(free[b] + sum(self.nodes_in(x, b) for x in cheapest) >= wide for b in blocks):
            return []
        costs = {id(x): x.cost_of_taking(self.now, broken=False) for x in leases}
        best: list[_Lease] = []
        for b in blocks:
            inside = [x for x in leases if self.nodes_in(x, b) > 0]
            counts = [self.nodes_in(x, b) for x in inside]
            if sum(counts) < wide - free[b]:
                continue
            chosen = cheapest_cover([costs[id(x)] for x in inside], counts, wide - free[b])
            called = [x for x, taken in zip(inside, chosen, strict=True) if taken]
            if need > _sizes(called):
                called += self.cover(need - _sizes(called), [x for x in leases if x not in called])
            total, least = (sum(costs[id(x)] for x in some) for some in (called, cheapest))
            if 10 * total <= 12 * least and (not best or total < sum(costs[id(x)] for x in best)):
                best = called
        return best

    def nodes_in(self, lease: _Lease, block: int) -> int:
        return sum(node.number // self.cluster.block_nodes == block for node in lease.nodes)

    def free_in_block(self, block: int) -> int:
        """Return the nodes of a block that are idle or on their way back."""
        back = [x for x in self.nodes if self.is_idle(x) or x.state == SANITISING]
        leaving = [x for x in self.leases if x.is_leaving(self.now)]
        own = sum(node.number // self.cluster.block_nodes == block for node in back)
        return own + sum(self.nodes_in(x, block) for x in leaving)

    def shortage(self) -> int:
        return self.pending - self.idle - self.incoming

    def may_be_spared(self, lease: _Lease) -> bool:
        """Whether a minute more is still within the recall floor."""
        return 60 + lease.request.notice + self.cluster.sanitise_s <= self.policy.floor_s

    def cover(self, need: int, leases: list[_Lease]) -> list[_Lease]:
        leases = sorted(leases, key=lambda x: x.request.number)
        costs = [lease.cost_of_taking(self.now, broken=False) for lease in leases]
        chosen = cheapest_cover(costs, [lease.size for lease in leases], need)
        return [lease for lease, taken in zip(leases, chosen, strict=True) if taken]

    def give_reason(self, lease: _Lease) -> None:
        """Say why a lease is called; the ones that are broken by weighing have been given theirs."""
        if lease.reason is not None:
            return
        broken = not lease.is_mature(self.now)
        cost = lease.cost_of_taking(self.now, broken=broken)
        lease.reason = _Reason(
            RecallReason.BROKEN if broken else RecallReason.INTERNAL,
            self.short,
            # Reading: only tidegate looks at costs.
            cost if self.policy.code == PolicyCode.TIDEGATE else 0,
        )

    # --- admission ------------------------------------------------------------------------------

    def judge(self, request: _Request) -> None:
        horizon, room = -1, self.spare
        spare = room
        may_displace = self.policy.displaces and self.pending <= self.idle
        verdict, displaced = self.verdict(request)
        if verdict == Verdict.NOT_SOLD:
            room = 0
        if verdict == Verdict.QUOTA:
            horizon, room = self.what_binds(request)
            longest = self.longest_horizon(request)
            if self.promisable[longest] >= request.nodes and request.price > 0:
                self.kept_out.append(bid.KeptOut(self.tick, longest, request.price))
        if verdict == Verdict.PRICE:
            horizon = self.longest_horizon(request)
        held_against = 0
        if self.policy.code == PolicyCode.TIDEGATE and verdict not in (
            Verdict.QUOTA,
            Verdict.NOT_SOLD,
        ):
            # Reading: one that is not judged by its price, for want of room, was held against none.
            is_held = spare >= request.nodes or may_displace
            held_against = math.ceil(self.bid_price(request)) if is_held else 0
        self.verdicts[request.number] = verdict, horizon, room, held_against
        if verdict == Verdict.ADMITTED:
            self.admit(request, displaced)

    def verdict(  # noqa: PLR0911  one reason after the other, as on the page
        self, request: _Request
    ) -> tuple[Verdict, list[_Lease]]:
        """Return the verdict, and the leases displaced when the request is admitted."""
        code, k = self.policy.code, request.nodes
        spare = self.spare
        if code == PolicyCode.NONE:
            return Verdict.NOT_SOLD, []
        displaces = code == PolicyCode.TIDEGATE and self.policy.displaces
        if spare < k and (not displaces or self.pending > self.idle):
            return Verdict.NO_ROOM, []
        if code == PolicyCode.STATIC and _sizes(self.leases) + k > self.policy.cap_nodes:
            return Verdict.SHARE, []
        if code == PolicyCode.GFS and _sizes(self.leases) + k > self.quota:
            return Verdict.SHARE, []
        if code == PolicyCode.TIDEGATE and self.binding_horizons(request):
            return Verdict.QUOTA, []
        if code == PolicyCode.TIDEGATE and k > self.most_at_once(request):
            return Verdict.QUOTA, []
        if code == PolicyCode.TIDEGATE and request.price < self.bid_price(request):
            return Verdict.PRICE, []
        if spare >= k:
            return Verdict.ADMITTED, []
        displaced = self.leases_to_displace(request, k - spare)
        return (Verdict.ADMITTED if displaced else Verdict.NO_ROOM), displaced

    def what_binds(self, request: _Request) -> tuple[int, int]:
        """Return the horizon at which a request is too large, and the nodes that there is room for."""
        binding = self.binding_horizons(request)
        if not binding:
            return self.longest_horizon(request), self.most_at_once(request)
        return binding[0], max(0, self.promisable[binding[0]] - self.promised(binding[0]))

    def most_at_once(self, request: _Request) -> int:
        """Return the most nodes of one promise: broken whole, it costs twice what may break of all sold."""
        firm = request.remaining_firm_time
        is_short = self.policy.full_risk_s <= 0 or firm <= self.policy.full_risk_s
        if is_short or self.policy.eps >= 0.5 or self.longest_horizon(request) < 0:
            return max(self.cluster.nodes, request.nodes)
        sold = self.sold + 2.0 * 86400.0 * self.cluster.nodes
        return int(2.0 * self.policy.eps / 28.0 * sold / firm)

    def longest_horizon(self, request: _Request) -> int:
        """Return the longest horizon at which a request counts; -1 when at none."""
        counted = [j for j in range(len(HORIZONS_S)) if self.counts(request.remaining_firm_time, j)]
        return max(counted, default=-1)

    def bid_price(self, request: _Request) -> float:
        longest = self.longest_horizon(request)
        if longest < 0 or request.price == 0:
            return 0.0
        breaks = self.break_cost
        return breaks * request.price + (1.0 - breaks) * self.displaced[longest]

    def leases_to_displace(self, request: _Request, missing: int) -> list[_Lease]:
        """List the leases that give way to a request; none when that does not pay."""
        t = self.now
        may = [
            lease
            for lease in self.staying_leases()
            if lease.is_mature(t) and lease.is_settled(t) and lease.request.price < request.price
        ]
        if _sizes(may) < missing:
            return []
        chosen = self.cover(missing, may)
        cost = sum(lease.cost_of_taking(t, broken=False) for lease in chosen)
        brings = 10 * request.price * missing * request.duration
        if not 10 * brings > 11 * cost:
            return []
        for lease in chosen:
            own = lease.cost_of_taking(t, broken=False)
            lease.reason = _Reason(
                RecallReason.DISPLACED, missing, own, brings, displaced_for=request.number
            )
        return chosen

    def promised(self, j: int) -> int:
        """Return the nodes of the leases that count at a horizon."""
        return _sizes([x for x in self.leases if self.counts(x.remaining_firm_time(self.now), j)])

    def binding_horizons(self, request: _Request) -> list[int]:
        """List the horizons where the request counts and does not fit."""
        binding = []
        for j in range(len(HORIZONS_S)):
            asked = min(max(request.firm, request.notice), request.duration)
            too_many = self.promised(j) + request.nodes > self.promisable[j]
            if self.counts(asked, j) and too_many:
                binding.append(j)
        return binding

    def counts(self, remaining_firm_time: int, j: int) -> bool:
        if remaining_firm_time <= self.policy.floor_s - self.cluster.sanitise_s:
            return False
        return j == 0 or HORIZONS_S[j - 1] < remaining_firm_time

    def admit(self, request: _Request, displaced: list[_Lease]) -> None:
        at_hand = min(request.nodes, self.spare)
        nodes = self.idle_nodes()[self.idle - at_hand :]
        all_clean = all(node.clean for node in nodes)
        start = self.now if all_clean else self.now + self.cluster.sanitise_s
        if displaced:
            for lease in displaced:
                lease.notice_at = self.now
            start = max(lease.taking_time for lease in displaced) + self.cluster.sanitise_s
        lease = _Lease(request, nodes, self.now, start)
        missing = request.nodes - at_hand
        for other in sorted(displaced, key=lambda x: x.request.number):
            for node in sorted(other.nodes, key=lambda node: -node.number):
                if missing > 0:
                    node.heir = lease
                    missing -= 1
        self.leases.append(lease)
        self.sold += request.nodes * request.firm
        for node in nodes:
            node.state, node.leased_since = LEASED, self.now

    # --- the result -----------------------------------------------------------------------------

    def held(self, node: _Node, holder: Holder, number: int, start: int, end: int) -> None:
        if end > start:
            self.holdings.append((node.number, holder, number, start, end))

    def all_holdings(self) -> list[tuple[int, Holder, int, int, int]]:
        """List the holdings, with the jobs still running and the failures still open at the end."""
        rows = list(self.holdings)
        for run in self.running:
            for node in run.nodes:
                rows.append((node.number, Holder.INTERNAL, run.job.number, run.start, run.end))
        for node in self.nodes:
            if node.state == FAILED:
                rows.append((node.number, Holder.FAILED, -1, node.since, node.until))
        rows = [row for row in rows if row[4] > row[3]]
        return sorted(rows, key=lambda row: (row[0], row[3], row[1], row[2]))

    def held_gpu_seconds(self) -> list[int]:
        held = [0, 0, 0, 0]
        for _, holder, number, start, end in self.all_holdings():
            gpus = self.cluster.gpus_per_node
            if holder == Holder.INTERNAL and self.is_small(self.jobs[number]):
                gpus = self.jobs[number].gpus
            inside = min(end, self.window.stop_s) - max(start, self.window.lease_from_s)
            held[holder] += gpus * max(0, inside)
        return held

    def played(self, *, record: bool, products: int) -> Played:
        return Played(
            job_start_s=np.array([self.job_start[job.number] for job in self.jobs], np.int64),
            leases=self.what_became_of_requests(),
            ticks=_tick_arrays(self.ticks if record else [], products),
            held=np.array(self.held_gpu_seconds(), np.int64),
            holdings=np.array(self.all_holdings() if record else [], np.int64).reshape(-1, 5),
        )

    # Reading: a request that does not exist has no verdict (-1), and else reads as a refused one.
    def what_became_of_requests(self) -> Leases:
        n = len(self.requests)
        leases = Leases(*(np.full(n, -1, np.int64) for _ in Leases._fields))
        leases.outcome[:] = Outcome.REFUSED
        leases.broken_s[:] = 0
        leases.bid[:] = 0
        for number, (verdict, horizon, room, held_against) in self.verdicts.items():
            leases.verdict[number] = verdict
            leases.horizon[number] = horizon
            leases.room[number] = room
            leases.bid[number] = held_against
        for lease in self.ended_leases:
            assert lease.ended_at is not None
            assert lease.outcome is not None
            number = lease.request.number
            leases.start_s[number] = lease.start
            leases.end_s[number] = lease.ended_at
            leases.outcome[number] = lease.outcome
            leases.broken_s[number] = lease.broken_s
            if lease.notice_at is not None:
                leases.notice_at_s[number] = lease.notice_at
            if lease.reason is not None:
                leases.why[number] = lease.reason.why
                leases.need[number] = lease.reason.need
                leases.cost[number] = lease.reason.cost
                leases.against[number] = lease.reason.against
                leases.displaced_for[number] = lease.reason.displaced_for
        return leases


def _rent(requests: list[_Request]) -> int:
    return sum(r.price * r.nodes * r.duration for r in requests)


def _sizes(leases: list[_Lease]) -> int:
    return sum(lease.size for lease in leases)


def _first_to_reach(need: int, leases: list[_Lease]) -> list[_Lease]:
    """Take leases from the front until their nodes reach the need."""
    chosen: list[_Lease] = []
    for lease in leases:
        if _sizes(chosen) >= need:
            break
        chosen.append(lease)
    return chosen


def _tick_arrays(ticks: list[_Tick], products: int) -> Ticks:
    def column(values: list[int]) -> NDArray[np.int32]:
        return np.array(values, np.int32)

    leased = [[x.leased_by_product.get(p, 0) for p in range(products)] for x in ticks]
    bounds = [x.bounds for x in ticks]
    return Ticks(
        demand=column([x.demand for x in ticks]),
        busy=column([x.busy for x in ticks]),
        pending=column([x.pending for x in ticks]),
        sanitising=column([x.sanitising for x in ticks]),
        failed=column([x.failed for x in ticks]),
        leased=np.array(leased, np.int32).reshape(-1, products),
        bound=np.array(bounds, np.int32).reshape(-1, len(HORIZONS_S)),
    )
