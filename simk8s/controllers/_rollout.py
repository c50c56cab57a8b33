"""The arithmetic of a rollout: how many pods each ReplicaSet of a Deployment should have.

Law: pure functions of specs and reported statuses; totals go by specs, health by what ReplicaSets
have reported as available, so pods that terminate are not counted.

Mirrors: pkg/controller/deployment/{rolling,sync}.go and util/deployment_util.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from simk8s.state.deployments import Condition, Deployment, DeploymentStatus
from simk8s.state.workloads import SECOND_US, ReplicaSet

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
CREATED, FOUND, UPDATED = "NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"
COMPLETE, TIMED_OUT = "NewReplicaSetAvailable", "ProgressDeadlineExceeded"
PAUSED, RESUMED = "DeploymentPaused", "DeploymentResumed"
AVAILABLE = Condition(TRUE, "MinimumReplicasAvailable")
UNAVAILABLE = Condition(FALSE, "MinimumReplicasUnavailable")


@dataclass(frozen=True, slots=True)
class Read:
    """A Deployment as a sync has read it."""

    version: int
    value: Deployment


@dataclass(frozen=True, slots=True)
class Owned:
    """A ReplicaSet as a sync has read it."""

    key: str
    version: int
    value: ReplicaSet


@dataclass(frozen=True, slots=True)
class Sets:
    """A Deployment's ReplicaSets, oldest first."""

    new: Owned | None
    old: tuple[Owned, ...]

    @property
    def all(self) -> tuple[Owned, ...]:
        """The old ones, then the new one if there is one."""
        return self.old if self.new is None else (*self.old, self.new)

    @property
    def active(self) -> list[Owned]:
        """Those that should have pods."""
        return [one for one in self.all if one.value.replicas]


def total(sets: Iterable[Owned]) -> int:
    """Pods that they should have."""
    return sum(one.value.replicas for one in sets)


def available(sets: Iterable[Owned]) -> int:
    """Pods that they have reported as available."""
    return sum(one.value.status.available for one in sets)


def new_replicas(wanted: Deployment, sets: Sequence[Owned], present: int) -> int:
    """How many pods the new ReplicaSet, which has `present`, should have (NewRSNewReplicas)."""
    if wanted.recreate:
        return wanted.replicas
    surge, _ = wanted.fenceposts
    room = wanted.replicas + surge - total(sets)
    if room <= 0:
        return present
    return present + min(room, wanted.replicas - present)


def unhealthy_first(old: Sequence[Owned], most: int) -> tuple[dict[str, int], bool]:
    """Sizes of old ReplicaSets once up to `most` pods that are not available have gone.

    And whether to go on: a ReplicaSet that still reports more available pods than it should have
    is an error to the real controller, which then takes nothing away in this sync.
    """
    sizes: dict[str, int] = {}
    for one in old:
        lame = one.value.replicas - one.value.status.available
        if most <= 0:
            break
        if one.value.replicas == 0 or lame == 0:
            continue
        if lame < 0:
            return sizes, False
        gone = min(most, lame)
        sizes[one.key] = one.value.replicas - gone
        most -= gone
    return sizes, True


def scaled_down(old: Sequence[Owned], sizes: dict[str, int], most: int) -> dict[str, int]:
    """Sizes of old ReplicaSets once `most` more have gone; `sizes` are those after the clean-up."""
    found: dict[str, int] = {}
    for one in old:
        if most <= 0:
            break
        present = sizes.get(one.key, one.value.replicas)
        if present:
            gone = min(present, most)
            found[one.key] = present - gone
            most -= gone
    return found


def shrinkable(wanted: Deployment, sets: Sets) -> int:
    """Most pods of old ReplicaSets that may go, healthy or not."""
    assert sets.new is not None
    _, unavailable = wanted.fenceposts
    lame = sets.new.value.replicas - sets.new.value.status.available
    return total(sets.all) - (wanted.replicas - unavailable) - lame


def proportional(wanted: Deployment, active: Sequence[Owned], reported: int) -> dict[str, int]:
    """Sizes of several active ReplicaSets (oldest first) when a Deployment is scaled in a rollout.

    `reported`: status.replicas of the Deployment, for sets without max-replicas.
    """
    surge, _ = wanted.fenceposts
    allowed = wanted.replicas + surge if wanted.replicas else 0
    missing = allowed - total(active)
    newest = {one.key: number for number, one in enumerate(active)}
    by_age = -1 if missing > 0 else 1
    ordered = sorted(active, key=lambda o: (-o.value.replicas, by_age * newest[o.key]))
    sizes: dict[str, int] = {}
    added = 0
    for one in ordered:
        share = _share(wanted, one.value, allowed, reported)
        left = missing - added
        step = 0 if not left else (min(share, left) if missing > 0 else max(share, left))
        sizes[one.key] = one.value.replicas + step
        added += step
    if ordered and missing:
        first = ordered[0].key
        sizes[first] = max(0, sizes[first] + missing - added)
    return sizes


def _share(wanted: Deployment, one: ReplicaSet, allowed: int, reported: int) -> int:
    if not wanted.replicas:
        return -one.replicas
    before = one.most or reported
    if not before:
        return 0
    return (2 * one.replicas * allowed + before) // (2 * before) - one.replicas


def saturated(wanted: Deployment, new: Owned | None) -> bool:
    """Whether the new ReplicaSet is all that is needed."""
    if new is None:
        return False
    one = new.value
    return one.replicas == one.desired == one.status.available == wanted.replicas


def steady(wanted: Deployment, only: ReplicaSet) -> bool:
    """Whether the only ReplicaSet is as it should be, so that a sync has but to report: what the
    steps of a rollout come to where none of them has anything to do.
    """
    known = wanted.status.progress
    return (
        only.replicas == wanted.replicas
        and only.template_hash == wanted.template_hash
        and only.desired in (None, wanted.replicas)
        and only.revision == wanted.revision
        and only.revision > 0
        and only.min_ready_us == wanted.min_ready_us
        and wanted.rollback_to is None
        and not (wanted.recreate or wanted.paused)
        and (wanted.deadline_us is None or (known is not None and known.reason != PAUSED))
    )


# --- status


def counted(wanted: Deployment, sets: Sets) -> DeploymentStatus:
    """The status that follows from ReplicaSets, with the condition Available; the very one that
    is known if nothing has changed.
    """
    replicas = ready = have = terminating = size = 0
    for one in sets.all:
        status = one.value.status
        replicas += status.replicas
        ready += status.ready
        have += status.available
        terminating += status.terminating
        size += one.value.replicas
    _, unavailable = wanted.fenceposts
    enough = have >= wanted.replicas - unavailable
    availability = AVAILABLE if enough else UNAVAILABLE
    before = wanted.status
    if before.availability is not None and alike(before.availability, availability):
        availability = before.availability
    fresh = DeploymentStatus(
        replicas,
        0 if sets.new is None else sets.new.value.status.replicas,
        ready,
        have,
        max(0, size - have),
        terminating,
        wanted.generation,
        availability,
        before.progress,
    )
    return before if fresh == before else fresh


def alike(one: Condition | None, other: Condition) -> bool:
    """Whether a condition says the same already."""
    return one is not None and (one.status, one.reason) == (other.status, other.reason)


def complete(wanted: Deployment, status: DeploymentStatus) -> bool:
    """Whether a rollout is over."""
    counts = (status.updated, status.replicas, status.available)
    return all(count == wanted.replicas for count in counts) and (
        status.observed_generation >= wanted.generation
    )


def progressing(old: DeploymentStatus, new: DeploymentStatus) -> bool:
    """Whether something has got better."""
    return (
        new.updated > old.updated
        or new.replicas - new.updated < old.replicas - old.updated
        or new.ready > old.ready
        or new.available > old.available
    )


def timed_out(wanted: Deployment, now_us: int) -> bool:
    """Whether there was no progress for too long."""
    known = wanted.status.progress
    if known is None or wanted.deadline_us is None or known.reason == COMPLETE:
        return False
    return known.reason == TIMED_OUT or known.updated_us + wanted.deadline_us < now_us


def rolled(wanted: Deployment, sets: Sets, now_us: int) -> DeploymentStatus:
    """The status in a rollout, with the condition Progressing."""
    status, known = counted(wanted, sets), wanted.status.progress
    done = known is not None and known.reason == COMPLETE and status.replicas == status.updated
    if wanted.deadline_us is None:
        return replace(status, progress=None)
    if done:
        return status
    second_us = now_us // SECOND_US * SECOND_US
    if complete(wanted, status):
        told = Condition(TRUE, COMPLETE, second_us)
        return status if alike(known, told) else replace(status, progress=told)
    if progressing(wanted.status, status):
        return replace(status, progress=Condition(TRUE, UPDATED, second_us))
    if timed_out(wanted, now_us):
        told = Condition(FALSE, TIMED_OUT, second_us)
        return status if alike(known, told) else replace(status, progress=told)
    return status
