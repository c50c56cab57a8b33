"""Recording E3: StatefulSets, a DaemonSet, Jobs and a CronJob, driven as the real ones were."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from simk8s.simulation.recording.replay import replay

E3 = Path(__file__).parents[4] / "shared" / "control-plane" / "E3.jsonl.gz"


@pytest.fixture(scope="module")
def found():
    if not E3.exists():
        pytest.skip("no recordings here")
    return replay(E3)


def test_every_action_is_applied(found):
    assert found.refused == []


def test_statefulsets_take_every_step_in_time(found):
    rows = [row for phase in found.phases for row in phase.rows]
    mine = [row for row in rows if row.subject.lower().startswith("statefulset")]
    assert len(mine) > 80
    assert [row for row in mine if not row.ok] == []


def test_jobs_and_the_cronjob_come_as_recorded(found):
    rows = [row for phase in found.phases for row in phase.rows]
    mine = [row for row in rows if row.subject.lower().startswith("job")]
    late = [(row.subject, row.milestone) for row in mine if not row.ok]
    # The last Job's oldest sibling is deleted as the recording ends.
    assert len(mine) > 200
    assert len(late) <= 3, late


def test_daemons_come_to_the_first_hundred_nodes_as_recorded(found):
    (phase,) = [phase for phase in found.phases if "POST daemonsets" in phase.phase.title]
    assert [row for row in phase.rows if not row.ok] == []


def test_the_daemons_rollout_takes_as_long_as_recorded(found):
    """Each sync that goes on after its creations saves a report, and 50 ms."""
    rows = [row for phase in found.phases if phase.phase.title.startswith("POST jobs (ok50)")
            for row in phase.rows if row.subject == "DaemonSet default/ds"]  # fmt: skip
    (last,) = [row for row in rows if row.milestone == "deleting: last"]
    assert last.simulated == pytest.approx(last.recorded, rel=0.05)


def test_nearly_every_milestone_is_in_time(found):
    counts = Counter(row.ok for phase in found.phases for row in phase.rows)
    assert counts[True] >= 0.99 * counts.total(), counts
