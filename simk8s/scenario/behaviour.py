"""L1: `behaviour:`, what pods do that no manifest says: a list of rules by kind, name and labels.

    behaviour:
      - {kind: Job, lifetime: {lognormal: {p50: 5m, p99: 1h}}}
      - {selector: "app=web", startup: {uniform: {min: 2s, max: 20s}}, failureRate: 0.01}

Law: a rule holds for the pods for which all its conditions hold; without any, for all. Of several
that hold, what a later one says replaces what an earlier one said, value by value: so the general
goes first, kinds before names. What a pod's own annotations say comes before all rules, and what
nobody says is as without rules. Kind and name are those of the object that the scenario or a
manifest names: pods of a Deployment have its kind and name, not their ReplicaSet's, pods of a
CronJob the CronJob's; pods that arrive by themselves are of kind Pod and have the name of their
workload.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import Field, model_validator

from simk8s.scenario.distributions import DurationDistribution, wrong
from simk8s.scenario.labels import Selector
from simk8s.scenario.types import Model, Share
from simk8s.scenario.usage import Usage, over

ExitCode: TypeAlias = Annotated[int, Field(ge=0, le=255)]
Pattern: TypeAlias = Annotated[str, Field(min_length=1)]


class Traits(Model):
    """All that can be said of a pod's behaviour; what is None is not said."""

    # From the start of its containers to the end of the pod for good, once drawn for each pod.
    lifetime: DurationDistribution | None = None
    # From each start of the app containers until they answer probes.
    startup: DurationDistribution | None = None
    # From each start until they answer readiness probes, where that is later.
    ready_after: DurationDistribution | None = None
    # How long each init container runs.
    init_duration: DurationDistribution | None = None
    # How long the app containers run; then restartPolicy decides.
    run_duration: DurationDistribution | None = None
    exit_code: ExitCode | None = None
    # The share of starts that fail: after `crashAfter`, or as soon as they are started up.
    failure_rate: Share | None = None
    crash_after: DurationDistribution | None = None
    hang_after: DurationDistribution | None = None
    # From SIGTERM to the end, and how long the preStop hook takes.
    stop: DurationDistribution | None = None
    pre_stop: DurationDistribution | None = None
    usage: Usage | None = None

    def over(self, below: Traits) -> Traits:
        """What is said here, and where nothing is said what is said below."""
        found = {
            name: getattr(below, name) if getattr(self, name) is None else getattr(self, name)
            for name in Traits.model_fields
        }
        found["usage"] = over(self.usage, below.usage)
        return Traits.model_construct(**found)


NOTHING = Traits.model_construct()


class Subject(NamedTuple):
    """What rules look at: whose pods they are, and their labels; None = nobody knows."""

    kind: str
    name: str | None
    namespace: str
    workload: str | None
    labels: Mapping[str, str] | None


CONDITIONS = ("kind", "name", "namespace", "workload", "selector")


class BehaviourRule(Traits):
    """Conditions, and what holds where they do; patterns are as in a shell (`web-*`)."""

    kind: Pattern | None = None
    name: Pattern | None = None
    namespace: Pattern | None = None
    workload: Pattern | None = None
    selector: Selector | None = None

    @model_validator(mode="after")
    def _says_something(self) -> BehaviourRule:
        if all(getattr(self, name) is None for name in Traits.model_fields):
            raise wrong("a rule says what holds, for example lifetime: 10m")
        return self

    def means(self, subject: Subject) -> bool:
        """Whether all conditions hold."""
        for name in CONDITIONS[:-1]:
            pattern, found = getattr(self, name), getattr(subject, name)
            if pattern is not None and found is not None and not fnmatchcase(found, pattern):
                return False
        if self.selector is None or subject.labels is None:
            return True
        return self.selector.matches(subject.labels)


def said_of(rules: Iterable[BehaviourRule], subject: Subject) -> Traits:
    """What the rules say of a pod, the last word on each value."""
    found = NOTHING
    for rule in rules:
        if rule.means(subject):
            found = rule.over(found)
    return found
