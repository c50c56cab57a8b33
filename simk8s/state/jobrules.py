"""What a Job's policies say of its pods' ends: which failures count, and when enough has succeeded.

Law: rules are tried in order and the first that matches decides; without one a failure counts.

Mirrors: batch/v1 PodFailurePolicy and SuccessPolicy, v1.36. Departs: a pod's exit code is that of
its template's annotation `simk8s.io/exit-code` (1 if there is none) for every container, and its
condition DisruptionTarget is that it was lost (see state/pods.Loss).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from simk8s.units import indexes_of


class Action(StrEnum):
    """What a failed pod leads to."""

    COUNT = "Count"
    IGNORE = "Ignore"
    FAIL_JOB = "FailJob"
    FAIL_INDEX = "FailIndex"


@dataclass(frozen=True, slots=True)
class FailureRule:
    """One rule of a podFailurePolicy."""

    action: Action
    codes: frozenset[int] = frozenset()
    outside: bool = False
    """NotIn instead of In."""
    disruption: bool | None = None
    """The status of DisruptionTarget that is looked for; None = the rule is about exit codes."""

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> FailureRule:
        """From a Kubernetes mapping."""
        action = Action(str(raw["action"]))
        codes = raw.get("onExitCodes")
        if codes:
            values = frozenset(int(value) for value in codes.get("values") or ())
            return cls(action, values, codes.get("operator") == "NotIn")
        conditions = raw.get("onPodConditions") or ()
        named = [c for c in conditions if c.get("type") == "DisruptionTarget"]
        return cls(action, disruption=any(c.get("status", "True") == "True" for c in named))

    def matches(self, code: int, disrupted: bool) -> bool:
        """Whether a failed pod is meant; a disrupted one has no exit code of its own."""
        if self.disruption is not None:
            return self.disruption and disrupted
        return not disrupted and code != 0 and (code in self.codes) != self.outside


@dataclass(frozen=True, slots=True)
class SuccessRule:
    """One rule of a successPolicy; `indexes` None = any."""

    indexes: frozenset[int] | None = None
    count: int | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> SuccessRule:
        """From a Kubernetes mapping. Raises ValueError."""
        text, count = raw.get("succeededIndexes"), raw.get("succeededCount")
        indexes = None if text is None else frozenset(indexes_of(str(text)))
        return cls(indexes, None if count is None else int(count))

    def met(self, succeeded: Collection[int]) -> bool:
        """Whether these indexes are enough."""
        wanted = self.indexes
        good = len(succeeded) if wanted is None else sum(one in wanted for one in succeeded)
        if self.count is not None:
            return good >= self.count
        return wanted is not None and good == len(wanted)


def failure_rules(spec: Mapping[str, Any]) -> tuple[FailureRule, ...]:
    """Those of a Job's spec."""
    rules = (spec.get("podFailurePolicy") or {}).get("rules") or ()
    return tuple(FailureRule.parse(rule) for rule in rules)


def success_rules(spec: Mapping[str, Any]) -> tuple[SuccessRule, ...]:
    """Those of a Job's spec."""
    rules = (spec.get("successPolicy") or {}).get("rules") or ()
    return tuple(SuccessRule.parse(rule) for rule in rules)


def judge(rules: Sequence[FailureRule], code: int, disrupted: bool) -> Action:
    """What a failed pod leads to."""
    found = (rule.action for rule in rules if rule.matches(code, disrupted))
    return next(found, Action.COUNT)
