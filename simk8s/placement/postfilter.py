"""What happens when a pod fits nowhere: PostFilter plugins in order, and the words of the event.

Mirrors: RunPostFilterPlugins and FitError of kube-scheduler v1.36: DynamicResources goes first
(it fails with "not found" when PreFilter ended before its turn), DefaultPreemption second; their
texts follow the filters'.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simk8s.placement.base import Code, Query
from simk8s.placement.diagnosis import Diagnosis
from simk8s.placement.framework import Framework
from simk8s.placement.preemption import Candidate, DryRun, best, dry_run
from simk8s.placement.view import View

NO_CLAIMS = "no new claims to deallocate"
NOT_FOUND = "not found"


@dataclass(slots=True)
class Outcome:
    """The result of all PostFilter plugins."""

    code: str
    """Success, Unschedulable or Error."""
    plugin: str = ""
    """The first plugin that did not help."""
    reasons: list[str] = field(default_factory=list)
    run: DryRun | None = None
    """What DefaultPreemption tried, if it was asked."""
    tied: list[Candidate] = field(default_factory=list)
    """The best candidates; any of them may be nominated."""

    @property
    def overrides(self) -> bool:
        """Whether the pod's nominated node is set or cleared by this."""
        return self.run is not None and not self.run.ineligible

    @property
    def words(self) -> str:
        """What is added to the FitError's text."""
        return ", ".join(self.reasons)


def post_filter(framework: Framework, query: Query, view: View, diagnosis: Diagnosis) -> Outcome:
    """Ask the PostFilter plugins of the profile."""
    outcome = Outcome(Code.UNSCHEDULABLE.words)
    for name in framework.post_filters:
        if name == "dynamic_resources":
            if diagnosis.prefilter.code is not Code.SUCCESS:
                return Outcome("Error", "DynamicResources", [NOT_FOUND])
            _fail(outcome, "DynamicResources", NO_CLAIMS)
        elif name == "default_preemption":
            outcome.run = dry_run(framework, query, view, diagnosis)
            outcome.tied = best(view, outcome.run.candidates)
            if outcome.tied:
                return Outcome("Success", run=outcome.run, tied=outcome.tied)
            _fail(outcome, "DefaultPreemption", outcome.run.message)
    return outcome


def _fail(outcome: Outcome, plugin: str, reason: str) -> None:
    outcome.plugin = outcome.plugin or plugin
    outcome.reasons.append(reason)


def event_message(diagnosis: Diagnosis, outcome: Outcome) -> str:
    """The text of the FailedScheduling event."""
    words = outcome.words
    return f"{diagnosis.message} {words}" if words else diagnosis.message
