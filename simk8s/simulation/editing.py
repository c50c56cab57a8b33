"""What becomes of a stored record when somebody writes its object again.

Law: one place says it, whoever writes: the driver of a recording, the timeline of a scenario. A
change is made at its commit, from what is stored then; what the API refuses comes back as a
refusal with words and changes nothing.

Mirrors: JSON merge patch; immutable fields of apps/v1 and batch/v1; kubectl apply's three-way
patch (what was applied last and is applied no more is removed), v1.36. Departs: a list is replaced
whole, whatever the patch's type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simk8s.api.refused import Refused, invalid
from simk8s.api.requests import RequestKind
from simk8s.simulation.objects import PLAIN
from simk8s.state.podgroups import PodGroup
from simk8s.state.policies import Namespace, PriorityClass
from simk8s.state.workloads import SECOND_US, PodStamp, ReplicaSet

Raw = Mapping[str, Any]
Restamp = Callable[[Raw], PodStamp]
"""From a pod template: what makes the pods of an owner from now on."""
UNCHANGED = "unchanged"
"""Result of a write that asked for what there was already."""
BAD_OBJECT = (KeyError, TypeError, ValueError, AttributeError)
"""What reading something that is no such object ends in."""
MUTABLE = {
    "StatefulSet": (
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ),
    "Job": (
        "parallelism",
        "suspend",
        "activeDeadlineSeconds",
        "ttlSecondsAfterFinished",
        "backoffLimit",
    ),
}
"""Fields of a spec that may change, where most may not."""
FIXED = ("selector",)
"""Of every other kind with pods: what may not."""


class Request:
    """An operation of the store; an object because each has a kind of its own."""

    __slots__ = ("_act", "request")

    def __init__(self, kind: RequestKind, act: Callable[[], Any]) -> None:
        self.request = kind
        self._act = act

    def __call__(self) -> Any:
        return self._act()


def merged(base: Raw, patch: Raw) -> dict[str, Any]:
    """A JSON merge patch."""
    found = dict(base)
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = merged(found[key], value)
        else:
            found[key] = value
    return found


def three_way(last: Raw, new: Raw) -> dict[str, Any]:
    """The merge patch of an apply: everything new, and None for what was applied before alone."""
    patch: dict[str, Any] = {key: None for key in last if key not in new}
    for key, value in new.items():
        before = last.get(key)
        nested = isinstance(value, Mapping) and isinstance(before, Mapping)
        patch[key] = three_way(before, value) if nested else value  # type: ignore[arg-type]
    return patch


def spec_of(value: Any) -> dict[str, Any]:
    """The spec of an object with pods, as it stands."""
    if isinstance(value, ReplicaSet):
        seconds = value.min_ready_us // SECOND_US
        template = {"template": value.template} if value.template else {}
        return {"replicas": value.replicas, "minReadySeconds": seconds, **template}
    return dict(value.spec)


def with_spec(value: Any, spec: Raw, restamp: Restamp | None = None) -> Any:
    """A record with another spec, of the next generation unless nothing has changed."""
    if not isinstance(value, ReplicaSet):
        return value.respecified(spec)
    fresh = ReplicaSet.of(spec, value.pods)
    changes: dict[str, Any] = {}
    if (fresh.replicas, fresh.min_ready_us) != (value.replicas, value.min_ready_us):
        changes = {"replicas": fresh.replicas, "min_ready_us": fresh.min_ready_us}
    template = spec.get("template") or value.template
    if template != value.template and restamp is not None:
        stamp = restamp(template)
        stamp.made = value.pods.made
        changes |= {"pods": stamp, "template": template}
    return value.respecified(**changes) if changes else value


def immutable(kind: str, before: Raw, after: Raw) -> Refused | None:
    """Why a spec may not become another."""
    known = MUTABLE.get(kind)
    fields = [
        field
        for field in {**before, **after}
        if (field not in known if known is not None else field in FIXED)
        and before.get(field) != after.get(field)
        and field in before
    ]
    if not fields:
        return None
    return invalid(f"spec.{fields[0]}: Invalid value: field is immutable", "")


def rewritten(kind: str, before: Any, raw: Raw, namespace: str, name: str) -> Any:
    """The record of an object without pods that is written again, whole."""
    fresh = PodGroup.of(raw) if kind == "PodGroup" else PLAIN[kind].parse(raw, namespace, name)
    if isinstance(fresh, Namespace):
        return replace(fresh, terminating=before.terminating)
    if isinstance(fresh, PriorityClass) and (fresh.value, fresh.preempts) != (
        before.value,
        before.preempts,
    ):
        return invalid("value: Forbidden: may not be changed in an update.", "")
    return kept(fresh, before)


def kept(fresh: Any, before: Any) -> Any:
    """A new spec keeps the status, and is of the next generation unless nothing has changed."""
    if not (hasattr(before, "status") and hasattr(before, "generation")):
        return fresh
    same = replace(fresh, status=before.status, generation=before.generation)
    return before if same == before else replace(same, generation=before.generation + 1)
