"""Instruments on the clock: progress bars, trace export, audits.

Law: a probe only looks. It is called with plain values, returns nothing, arms nothing and draws
from no stream, so a run with probes has the digest of the run without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simk8s.kernel.clock import StopReason
    from simk8s.kernel.phase import Phase


class Probe(Protocol):
    """What an instrument may hear. Subclass it and override what is of interest. One that has
    `deaf_to_batches = True` is not called for them, and costs nothing where they are handled.
    """

    def on_instant(self, now_us: int) -> None:
        """An instant begins; nothing has happened in it yet."""

    def on_batch(self, component: str, phase: Phase, count: int) -> None:
        """A component is about to handle `count` items (1 for a bell)."""

    def on_stop(self, reason: StopReason) -> None:
        """The run has ended; the clock stands where it will be read."""
