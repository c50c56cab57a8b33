"""Back-off of crashed containers and failed pulls, and when a kubelet really tries again.

Law: `CrashLoop.due_us` answers when a container that ended may start again: at once the first
time, then 10, 20, 40 … 300 s after its end, from the start if the last restart is twice the
longest delay ago. A kubelet looks again after min(what is left, 60 s) · (1 + 0..50 %), and its
clock ticks once a second, so that the true instant overshoots.

Mirrors: kubelet v1.36 kuberuntime doBackOff, client-go flowcontrol.Backoff, pod_workers
completeWork. Departs: jitter comes from a hash of pod and attempt.
"""

from __future__ import annotations

from simk8s.kernel.streams import counter_hash

INITIAL_US = 10_000_000
LONGEST_STEP_US = 60_000_000
TICK_US = 1_000_000
ERROR_US = 10_000_000
"""A sync that failed for another reason is repeated after this · (1 + 0..50 %)."""
_STEPS = 64


def next_delay_us(before_us: int, longest_us: int) -> int:
    """The delay after `before_us`; 0 = none so far."""
    return min(before_us * 2 if before_us else INITIAL_US, longest_us)


def looked_us(seed: int, key: int, attempt: int, since_us: int, due_us: int) -> int:
    """When a pod worker comes round to what is due at `due_us`, having first looked at
    `since_us`.
    """
    t_us, step = since_us, 0
    while t_us < due_us and step < _STEPS:
        left = min(due_us - t_us, LONGEST_STEP_US)
        t_us += left + int(left * counter_hash(seed, key, attempt, step) / 2)
        step += 1
    return max(t_us, due_us) + int(TICK_US * counter_hash(seed, key, attempt, _STEPS))


class CrashLoop:
    """One container's back-off entry."""

    __slots__ = ("_delay_us", "_longest_us", "_updated_us", "restarts")

    def __init__(self, longest_us: int) -> None:
        self._longest_us = longest_us
        self._delay_us = 0
        self._updated_us = 0
        self.restarts = 0

    def due_us(self, ended_us: int, now_us: int) -> int:
        """When a container that ended at `ended_us` may start, seen from `now_us`."""
        if self._fresh(ended_us):
            return now_us
        return max(now_us, ended_us + self._delay_us)

    def restarted(self, ended_us: int, at_us: int) -> None:
        """It does start: the next time takes longer."""
        before = 0 if self._fresh(ended_us) else self._delay_us
        self._delay_us = next_delay_us(before, self._longest_us)
        self._updated_us = at_us
        self.restarts += 1

    def _fresh(self, ended_us: int) -> bool:
        return not self._delay_us or ended_us - self._updated_us > 2 * self._longest_us
