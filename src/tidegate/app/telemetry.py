"""Metrics, as Prometheus reads them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tidegate.control.changes import Changes
from tidegate.control.leader import Loop
from tidegate.control.loop import Line
from tidegate.lease.lease import EndReason
from tidegate.lease.states import HoldingState, LeaseState

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600)
_STEP_SECONDS: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


class _Pools(Collector):
    """What the leader's books say at this moment."""

    def __init__(self, loop: Loop, lines: Sequence[Line], now_s: Callable[[], int]) -> None:
        self._loop = loop
        self._lines = lines
        self._now_s = now_s

    def describe(self) -> Iterable[Metric]:
        """Nothing is collected when the registry is made."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Return the gauges."""
        leads = self._loop.leads
        yield GaugeMetricFamily(
            "tidegate_leader", "Whether this replica runs the loop.", value=float(leads)
        )
        gauges = {
            "gpus": GaugeMetricFamily(
                "tidegate_pool_gpus", "GPUs of a pool by what they are.", labels=["pool", "state"]
            ),
            "leasable": GaugeMetricFamily(
                "tidegate_pool_leasable_gpus",
                "GPUs that may be promised for a horizon.",
                labels=["pool", "horizon_s"],
            ),
            "leases": GaugeMetricFamily(
                "tidegate_pool_leases", "Leases by state.", labels=["pool", "state"]
            ),
            "waiting": GaugeMetricFamily(
                "tidegate_pool_pending_gpus",
                "GPUs that waiting internal jobs ask for.",
                labels=["pool"],
            ),
            "age": GaugeMetricFamily(
                "tidegate_pool_facts_age_seconds",
                "Time since the pool was last seen.",
                labels=["pool"],
            ),
        }
        if leads:
            for line in self._lines:
                self._add(line, gauges)
        yield from gauges.values()

    def _add(self, line: Line, gauges: Mapping[str, GaugeMetricFamily]) -> None:
        book, pool = line.book, line.pool
        g = pool.pool.gpus_per_node
        for state in HoldingState:
            gauges["gpus"].add_metric([pool.id, state], book.roster.count(state) * g)
        for horizon_s, nodes in zip(book.engine.horizons_s, book.curve, strict=True):
            gauges["leasable"].add_metric([pool.id, str(horizon_s)], int(nodes) * g)
        leases = list(book.leases.values())
        for lease_state in (LeaseState.STARTING, LeaseState.RUNNING, LeaseState.NOTICED):
            count = sum(lease.state is lease_state for lease in leases)
            gauges["leases"].add_metric([pool.id, lease_state], count)
        gauges["leases"].add_metric([pool.id, LeaseState.BOOKED], len(book.booked))
        gauges["waiting"].add_metric([pool.id], book.pending * g)
        if book.watch.facts_at_s is not None:
            age_s = max(0, self._now_s() - book.watch.facts_at_s)
            gauges["age"].add_metric([pool.id], age_s)


class Telemetry:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._orders = Counter(
            "tidegate_orders", "Orders judged.", ["pool", "verdict"], registry=self.registry
        )
        self._ended = Counter(
            "tidegate_leases_ended",
            "Leases that ended.",
            ["pool", "reason"],
            registry=self.registry,
        )
        self._broken = Counter(
            "tidegate_leases_broken", "Promises broken.", ["pool"], registry=self.registry
        )
        self._recall = Histogram(
            "tidegate_recall_seconds",
            "From the notice to the taking, in the fleet's time.",
            ["pool"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._step = Histogram(
            "tidegate_step_seconds",
            "Time that a step of the loop took.",
            ["pool"],
            buckets=_STEP_SECONDS,
            registry=self.registry,
        )
        self._commands = Gauge(
            "tidegate_outbox_commands",
            "Commands written and not yet carried out.",
            ["pool"],
            registry=self.registry,
        )

    def watch(self, loop: Loop, lines: Sequence[Line], now_s: Callable[[], int]) -> None:
        """Collect what the loop's books say."""
        self.registry.register(_Pools(loop, lines, now_s))

    def stepped(self, line: Line, seconds: float) -> None:
        """Count a step."""
        self._step.labels(line.pool.id).observe(seconds)
        self._commands.labels(line.pool.id).set(line.desk.backlog)

    def written(self, pool_id: str, changes: Changes) -> None:
        """Count what a step came to."""
        for order in changes.orders.values():
            self._orders.labels(pool_id, order.reason or order.state.value).inc()
        for lease in changes.leases.values():
            if lease.is_live:
                continue
            self._ended.labels(pool_id, lease.reason or "").inc()
            if lease.state is LeaseState.BROKEN:
                self._broken.labels(pool_id).inc()
            if lease.reason == EndReason.RECALLED and lease.noticed_s and lease.ended_s:
                self._recall.labels(pool_id).observe(lease.ended_s - lease.noticed_s)

    def text(self) -> bytes:
        """Return the metrics as Prometheus reads them."""
        return generate_latest(self.registry)
