"""Deployments as frozen records: how many replicas, by which strategy, and how far they have got.

Law: records are never changed, only replaced; whoever changes a spec moves its generation on. Two
templates have the same hash only if they are written alike.

Mirrors: apps/v1 Deployment with the defaults of v1.36 (25 % surge and unavailability, ten old
revisions, a progress deadline of 600 s). Departs: pod-template-hash is a blake2b of the template,
not Go's FNV of its dump, so names of ReplicaSets differ; annotations that matter are fields.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simk8s.state.workloads import SECOND_US, PodStamp, number

DEPLOYMENTS = "deployments"
"""Name of the kind in the store."""
HASH_LABEL = "pod-template-hash"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_LETTERS = 10

StampMaker = Callable[[str, Mapping[str, Any]], PodStamp]
"""(name of the owner, pod template): what makes the pods of a new ReplicaSet."""


@dataclass(frozen=True, slots=True)
class Portion:
    """An IntOrString: a number of pods, or a share of them in percent."""

    amount: int
    percent: bool = False

    @classmethod
    def parse(cls, raw: Any) -> Portion:
        """From `3` or `"25%"`. Raises ValueError on anything else."""
        if isinstance(raw, str):
            if not raw.endswith("%"):
                raise ValueError(f"{raw!r} is neither a whole number nor a percentage")
            return cls(int(raw[:-1]), True)
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise ValueError(f"{raw!r} is neither a whole number nor a percentage")
        return cls(raw)

    def of(self, total: int, *, up: bool) -> int:
        """How many of `total`, rounded up or down."""
        if not self.percent:
            return self.amount
        share = self.amount * total
        return -(-share // 100) if up else share // 100


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a Deployment; `updated_us` is its lastUpdateTime, in whole seconds."""

    status: str
    reason: str
    updated_us: int = 0


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """What the controller last reported."""

    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    unavailable: int = 0
    terminating: int = 0
    observed_generation: int = 0
    availability: Condition | None = None
    """The condition Available."""
    progress: Condition | None = None
    """The condition Progressing."""


QUARTER = Portion(25, True)


@dataclass(frozen=True, slots=True)
class Deployment:
    """Replicas of a template that may change, rolled out by a strategy."""

    replicas: int
    template: Mapping[str, Any] = field(compare=False, repr=False)
    template_hash: str
    make: StampMaker = field(compare=False, repr=False)
    spec: Mapping[str, Any] = field(compare=False, repr=False)
    """As written, for patches to be merged into."""
    recreate: bool = False
    surge: Portion = QUARTER
    unavailability: Portion = QUARTER
    min_ready_us: int = 0
    history: int = 10
    deadline_us: int | None = 600 * SECOND_US
    paused: bool = False
    rollback_to: int | None = None
    """`deprecated.deployment.rollback.to`: a revision, 0 = the last one."""
    revision: int = 0
    generation: int = 1
    status: DeploymentStatus = DeploymentStatus()

    @classmethod
    def of(cls, spec: Mapping[str, Any], make: StampMaker) -> Deployment:
        """From a Kubernetes `spec`, defaults filled in. Raises ValueError."""
        strategy: Mapping[str, Any] = spec.get("strategy") or {}
        rolling: Mapping[str, Any] = strategy.get("rollingUpdate") or {}
        template: Mapping[str, Any] = spec.get("template") or {}
        deadline = spec.get("progressDeadlineSeconds")
        return cls(
            replicas=number(spec, "replicas", 1),
            template=template,
            template_hash=template_hash(template),
            make=make,
            spec=spec,
            recreate=strategy.get("type") == "Recreate",
            surge=_portion(rolling.get("maxSurge")),
            unavailability=_portion(rolling.get("maxUnavailable")),
            min_ready_us=number(spec, "minReadySeconds", 0) * SECOND_US,
            history=number(spec, "revisionHistoryLimit", 10),
            deadline_us=(600 if deadline is None else int(deadline)) * SECOND_US,
            paused=bool(spec.get("paused")),
        )

    def respecified(self, spec: Mapping[str, Any]) -> Deployment:
        """With another spec, of the next generation unless nothing has changed."""
        changed = replace(
            Deployment.of(spec, self.make),
            rollback_to=self.rollback_to,
            revision=self.revision,
            generation=self.generation,
            status=self.status,
        )
        return self if changed == self else replace(changed, generation=self.generation + 1)

    @property
    def fenceposts(self) -> tuple[int, int]:
        """(maxSurge, maxUnavailable) in pods: surge rounded up, unavailability down, not both 0."""
        if self.recreate:
            return 0, 0
        surge = self.surge.of(self.replicas, up=True)
        unavailable = self.unavailability.of(self.replicas, up=False)
        if surge == 0 and unavailable == 0:
            unavailable = 1
        return surge, min(unavailable, self.replicas)


def template_hash(template: Mapping[str, Any]) -> str:
    """Ten letters that stand for a pod template."""
    text = json.dumps(template, sort_keys=True, ensure_ascii=True, default=str)
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
    letters = []
    for _ in range(_LETTERS):
        number, letter = divmod(number, len(_SAFE))
        letters.append(_SAFE[letter])
    return "".join(letters)


def hashed(template: Mapping[str, Any], letters: str) -> dict[str, Any]:
    """The template of a ReplicaSet: the Deployment's, with the label pod-template-hash."""
    meta: Mapping[str, Any] = template.get("metadata") or {}
    labels = {**(meta.get("labels") or {}), HASH_LABEL: letters}
    return {**template, "metadata": {**meta, "labels": labels}}


def _portion(raw: Any) -> Portion:
    return QUARTER if raw is None else Portion.parse(raw)
