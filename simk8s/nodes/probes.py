"""Startup, readiness and liveness probes as arithmetic: only the instants at which an answer
changes something are computed.

Law: a prober ticks at base + k · period. A container answers from `up_us` to `hang_us`; before, it
refuses at once, afterwards the time-out passes. `outlook` gives what the three probes of a started
container will do, the same that ticking through them one by one would give.

Mirrors: kubelet v1.36 prober: ticks before the kubelet has seen the container run, or before
initialDelaySeconds, are skipped; readiness and liveness wait for the startup probe; readiness runs
at once when the kubelet has seen the container run (or when its startup probe succeeds) and ticks
from there; thresholds count in a row. Departs: a probe that is answered takes no time; the sleep of
U(0, period) after the kubelet's own start is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

NEVER = -1
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe with Kubernetes' defaults."""

    delay_us: int = 0
    period_us: int = 10 * SECOND
    timeout_us: int = SECOND
    successes: int = 1
    failures: int = 3
    grace_us: int = NEVER
    """terminationGracePeriodSeconds of the probe itself."""

    @classmethod
    def parse(cls, raw: Mapping[str, Any] | None) -> Probe | None:
        """From a Kubernetes mapping; zeros mean defaults, as there."""
        if raw is None:
            return None

        def value(key: str, default: int) -> int:
            return int(raw.get(key) or default)

        grace = raw.get("terminationGracePeriodSeconds")
        return cls(
            value("initialDelaySeconds", 0) * SECOND,
            value("periodSeconds", 10) * SECOND,
            value("timeoutSeconds", 1) * SECOND,
            value("successThreshold", 1),
            value("failureThreshold", 3),
            NEVER if grace is None else int(grace) * SECOND,
        )

    @property
    def slow_us(self) -> int:
        """Time between ticks while each probe runs into its time-out."""
        return max(self.timeout_us, self.period_us)


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of one container."""

    startup: Probe | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None

    def __bool__(self) -> bool:
        return not self.startup is self.readiness is self.liveness is None


class Run(NamedTuple):
    """One start of a container."""

    base_us: int
    """When its probe workers began to tick."""
    started_us: int
    seen_us: int
    """When the kubelet saw it run."""
    up_us: int
    hang_us: int = NEVER
    """From when on it answers nothing; -1 = it never hangs."""
    ready_us: int = 0
    """From when on it answers readiness probes, if it is up."""


class Outlook(NamedTuple):
    """What the probes will do to a container that goes on running; -1 = never."""

    ready_us: int
    unready_us: int = NEVER
    killed_us: int = NEVER
    grace_us: int = NEVER
    """The killing probe's own grace period."""


def outlook(probes: Probes, run: Run) -> Outlook:
    """The instants at which something changes."""
    since_us, killed_us, grace_us = run.seen_us, NEVER, NEVER
    if probes.startup is not None:
        passed, failed = _startup(probes.startup, run)
        if passed == NEVER:
            return Outlook(NEVER, NEVER, failed, probes.startup.grace_us)
        since_us = max(since_us, passed)
    if probes.liveness is not None:
        checked_from = run.seen_us if probes.startup is None else since_us + 1
        killed_us = _failed(probes.liveness, run, run.base_us, checked_from)
        grace_us = probes.liveness.grace_us
    if probes.readiness is None:
        return Outlook(since_us, NEVER, killed_us, grace_us)
    ready_us, unready_us = _readiness(probes.readiness, run, since_us)
    return Outlook(ready_us, unready_us, killed_us, grace_us)


def _tick(base_us: int, period_us: int, at_least_us: int) -> int:
    """The first tick at or after an instant, and not before the base."""
    if at_least_us <= base_us:
        return base_us
    return at_least_us + (base_us - at_least_us) % period_us


def _startup(probe: Probe, run: Run) -> tuple[int, int]:
    """(when it succeeds, when it has failed for good), one of them -1; success counts once."""
    counted = max(run.started_us + probe.delay_us, run.seen_us)
    answered = _tick(run.base_us, probe.period_us, max(counted, run.up_us))
    failed = _failed(probe, run, run.base_us, counted)
    alive = run.hang_us == NEVER or answered < run.hang_us
    if alive and (failed == NEVER or answered < failed):
        return answered, NEVER
    return NEVER, failed


def _failed(probe: Probe, run: Run, base_us: int, at_least_us: int) -> int:
    """When `failures` probes in a row have failed, the first counted at `at_least_us` or later."""
    period = probe.period_us
    first = _tick(base_us, period, max(at_least_us, run.started_us + probe.delay_us))
    hang = run.hang_us
    up_until = run.up_us if hang == NEVER else min(run.up_us, hang)
    # Refused while it comes up: ticks first, first + period, … before it is up.
    refused = max(0, -(-(up_until - first) // period))
    if refused >= probe.failures:
        return first + (probe.failures - 1) * period
    if hang == NEVER:
        return NEVER
    lost = _tick(base_us, period, max(hang, first))
    # What was refused counts in the same row if nothing was answered in between.
    silent = run.up_us >= hang or first + refused * period == lost
    before = refused if silent else 0
    return lost + (probe.failures - before - 1) * probe.slow_us + probe.timeout_us


def _readiness(probe: Probe, run: Run, since_us: int) -> tuple[int, int]:
    """(when it becomes ready, when it no longer is)."""
    period, hang = probe.period_us, run.hang_us
    up_us = max(run.up_us, run.ready_us)
    first = _tick(since_us, period, max(up_us, run.started_us + probe.delay_us))
    ready = first + (probe.successes - 1) * period
    if hang == NEVER:
        return ready, NEVER
    if ready >= hang:
        return NEVER, NEVER
    lost = _tick(since_us, period, hang)
    return ready, lost + (probe.failures - 1) * probe.slow_us + probe.timeout_us
