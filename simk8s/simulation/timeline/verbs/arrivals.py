"""setArrivalRate: told in the log; the arrivals themselves were made with it (workload/rates.py).

Law: what arrives is known when the run begins, whatever happens in it, so that strategies compared
on one seed see the same arrivals.
"""

from __future__ import annotations

from simk8s.schema.enums import ActionOutcome
from simk8s.simulation.timeline.desk import Desk, Task
from simk8s.units import US_PER_SECOND


def set_rate(desk: Desk, task: Task) -> None:
    """From now on."""
    wanted = task.entry.set_arrival_rate
    assert wanted is not None, "its verb is setArrivalRate"
    line = desk.line(task, f"workload/{wanted.workload}")
    if wanted.factor is not None:
        words = f"{wanted.factor:g} times the first rate"
    else:
        words = f"{(wanted.rate or 0.0) * US_PER_SECOND:g} per second"
    line.end(line.at_us, ActionOutcome.DONE, words)
