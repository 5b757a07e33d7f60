"""What /metrics says: all of it documented, and true of what happened."""

import re
from pathlib import Path

from tests.control.living import Living, a_database, a_pool, an_order

from tidegate.app.telemetry import Telemetry
from tidegate.control.leader import Leadership, Loop, Pace
from tidegate.store.leadership import LeadershipTable

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "live-metrics.md"


class Leading(Loop):
    """A loop that leads without a thread."""

    @property
    def leads(self) -> bool:
        return True


def test_metrics_are_documented_and_count_what_happened(tmp_path: Path):
    pool = a_pool(4, risk=0.5)
    living = Living(a_database(tmp_path), pool, quiet_days=14)
    telemetry = Telemetry()
    leadership = Leadership(LeadershipTable(living.database), "test", Pace())
    loop = Leading([living.line], leadership, Pace(), living.intake)
    telemetry.watch(loop, [living.line], living.clock.now_s)
    living.step()
    living.clock.time_s += 300
    living.place(an_order(pool, "flex", nodes=3, duration_s=3600))
    living.place(an_order(pool, "preemptible", nodes=4, duration_s=3600))
    living.step()
    living.step()
    living.clock.time_s += 3600
    living.step()
    for changes in living.written:
        telemetry.written(pool.id, changes)
    telemetry.stepped(living.line, 0.01)
    text = telemetry.text().decode()
    assert 'tidegate_orders_total{pool="h100",verdict="admitted"} 1.0' in text
    assert 'tidegate_orders_total{pool="h100",verdict="no-room"} 1.0' in text
    assert 'tidegate_leases_ended_total{pool="h100",reason="completed"} 1.0' in text
    assert 'tidegate_pool_gpus{pool="h100",state="sanitising"} 24.0' in text
    assert 'tidegate_pool_gpus{pool="h100",state="free"} 8.0' in text
    assert "tidegate_leader 1.0" in text
    # Families as the page names them: a counter ends in _total, a histogram does not in _bucket.
    families = {
        f"{name}_total" if kind == "counter" and not name.endswith("_total") else name
        for name, kind in re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE)
        if not name.endswith("_created")
    }
    documented = re.findall(r"^\| `(tidegate_\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert families == set(documented)
