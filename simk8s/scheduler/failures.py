"""What the scheduler tells the API of its attempts: conditions of pods that failed, Events.

Law: while the PATCH of a failed pod's condition is under way no cycle begins; it is sent when the
condition or the nomination has changed since the last one. Events are waited for by nobody.

Mirrors: handleSchedulingFailure and the event recorder of kube-scheduler v1.36, where
SchedulerAsyncAPICalls is off: the PATCH is sent from the scheduling goroutine, through the client
whose limit bindings take tokens of, too. Departs: an instant control plane has answered before it
is asked; the text of a preemption that found nothing is not part of the comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simk8s.api.client import Client
from simk8s.api.requests import POST_EVENT, request
from simk8s.placement.cycle import Verdict

Told = tuple[int, dict[str, int], int]


class Failures:
    """Reports of one scheduler; `resume` is called when it may go on."""

    def __init__(self, client: Client, resume: Callable[[], None]) -> None:
        self.under_way = 0
        """PATCHes that keep the next cycle waiting."""
        self._client = client
        self._resume = resume
        self.told: dict[int, Told] = {}
        """Condition and nomination as each pod has them."""

    def failed(self, pod: int, verdict: Verdict, nominated: int) -> None:
        """An attempt has failed: nobody can run the pod as things are."""
        self._client.note(POST_EVENT)  # FailedScheduling
        told = (verdict.nodes, verdict.reasons, nominated)
        if self._client.instant or self.told.get(pod) == told:
            return
        self.told[pod] = told
        self.under_way += 1
        self._client.write(patch_condition, pod, done=self._answered)

    def over(self, pod: int) -> None:
        """The pod is bound, or gone; nothing to do while nobody was `told` of."""
        self.told.pop(pod, None)

    def _answered(self, now_us: int, result: Any) -> None:
        self.under_way -= 1
        if not self.under_way:
            self._resume()


@request("PATCH", "pods/status")
def patch_condition(pod: int) -> bool:
    """A condition that nothing simulated goes by."""
    return True
