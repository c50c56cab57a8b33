"""What happened in a run, recorded or simulated, in one vocabulary: pods' steps and status fields.

Law: a pod takes each step once, at the first instant at which it was seen; a field of an object is
a step function that never repeats a value. Names do not tell two runs apart: pods are grouped by
the object at the top of their owners, ReplicaSets are numbered within their Deployment.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field

STEPS = ("created", "bound", "ready", "ended", "deleting", "deleted")
"""What a pod goes through, in the order in which it is printed."""
Field = tuple[str, str, str]
"""(kind, object, field)."""
_NUMBER = re.compile(r"[-_]?\d+$")


@dataclass(slots=True)
class Timeline:
    """One run. Times in µs from an origin that both runs share."""

    steps: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """(group, step) -> instants, in order of their arrival."""
    pods: dict[Hashable, dict[str, int]] = field(default_factory=dict)
    """Pod -> step -> instant."""
    group_of: dict[Hashable, str] = field(default_factory=dict)
    fields: dict[Field, list[tuple[int, int]]] = field(default_factory=dict)
    """Field -> (instant, value from then on)."""
    requests: list[tuple[int, int]] = field(default_factory=list)
    """(sent, answered) of the driver's requests."""
    end_us: int = 0

    def step(self, at_us: int, pod: Hashable, group: str, step: str) -> None:
        """A pod has taken a step."""
        seen = self.pods.setdefault(pod, {})
        if step not in seen:
            seen[step] = at_us
            self.group_of.setdefault(pod, group)
            self.steps.setdefault((self.group_of[pod], step), []).append(at_us)
            self.end_us = max(self.end_us, at_us)

    def value(self, at_us: int, kind: str, name: str, what: str, value: int) -> None:
        """A field has a value from now on."""
        line = self.fields.setdefault((kind, name, what), [])
        if not line or line[-1][1] != value:
            line.append((at_us, value))
            self.end_us = max(self.end_us, at_us)

    def within(self, group: str, step: str, start_us: int, end_us: int) -> list[int]:
        """Instants of a step in a stretch of time, sorted."""
        found = self.steps.get((group, step), ())
        return sorted(t for t in found if start_us <= t < end_us)


def before(line: list[tuple[int, int]], at_us: int) -> int | None:
    """The value of a step function just before an instant."""
    value = None
    for when_us, one in line:
        if when_us >= at_us:
            break
        value = one
    return value


def stem(name: str) -> str:
    """`low` of `low07`: what bare pods are grouped by."""
    return _NUMBER.sub("", name) or name


class Numbers:
    """Numbers ReplicaSets within their Deployment, in order of appearance."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._made: dict[str, int] = {}

    def name(self, key: str, deployment: str) -> str:
        """`web #2`; a ReplicaSet of nobody keeps its name."""
        if key not in self._names:
            if not deployment:
                self._names[key] = key
            else:
                self._made[deployment] = self._made.get(deployment, 0) + 1
                self._names[key] = f"{deployment} #{self._made[deployment]}"
        return self._names[key]


class Nodes:
    """Counts nodes by state and puts the counts into a timeline as step functions."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._states: dict[Hashable, tuple[bool, bool]] = {}

    def seen(self, at_us: int, node: Hashable, ready: bool, unreachable: bool) -> None:
        """A node as it is from now on; `unreachable` is its NoExecute taint."""
        if self._states.get(node) != (ready, unreachable):
            self._states[node] = (ready, unreachable)
            self._count(at_us)

    def gone(self, at_us: int, node: Hashable) -> None:
        """A node is no more."""
        if self._states.pop(node, None) is not None:
            self._count(at_us)

    def _count(self, at_us: int) -> None:
        states = self._states.values()
        counts = {
            "all": len(states),
            "ready": sum(ready for ready, _ in states),
            "unreachable": sum(unreachable for _, unreachable in states),
        }
        for what, count in counts.items():
            self._timeline.value(at_us, "nodes", "of the cluster", what, count)
