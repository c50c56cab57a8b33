"""What can happen in a cluster that may let a rejected pod fit: the events behind queueing hints.

A filter names the changes it listens to (`events`) and says of each whether it may help a pod
that it rejected (`hint`). A change that a filter does not listen to never helps.

Mirrors: kube-scheduler v1.36 framework ClusterEvent and NodeSchedulingPropertiesChange. Departs:
everything about volumes (claims, volumes, classes, CSI nodes) is one kind of change; conditions
and annotations of nodes are none, since no default plugin listens to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from simk8s.state.nodes import NodeSpec
from simk8s.state.requests import Requests
from simk8s.state.shapes import PodTemplate


class Change:
    """Kinds of change as bits; a filter listens to a union of them. Plain integers, since an enum
    flag costs a microsecond to test.
    """

    NONE: ClassVar[int] = 0
    POD_ADD: ClassVar[int] = 1
    """An assigned pod was added."""
    POD_LABELS: ClassVar[int] = 2
    POD_SCALE_DOWN: ClassVar[int] = 4
    POD_DELETE: ClassVar[int] = 8
    """A pod left its node, or never came to it."""
    OWN_TOLERATIONS: ClassVar[int] = 16
    """The rejected pod itself got tolerations."""
    OWN_GATES: ClassVar[int] = 32
    """The rejected pod itself lost its last scheduling gate."""
    NODE_ADD: ClassVar[int] = 64
    NODE_ALLOCATABLE: ClassVar[int] = 128
    NODE_LABELS: ClassVar[int] = 256
    NODE_TAINTS: ClassVar[int] = 512
    NODE_DELETE: ClassVar[int] = 1024
    VOLUMES: ClassVar[int] = 2048
    PENDING_POD_ADD: ClassVar[int] = 4096
    """A pod came into being that has no node yet."""
    POD_GROUP_ADD: ClassVar[int] = 8192
    ANY: ClassVar[int] = 16383


NODE_CHANGES = (
    Change.NODE_ADD
    | Change.NODE_ALLOCATABLE
    | Change.NODE_LABELS
    | Change.NODE_TAINTS
    | Change.NODE_DELETE
)
CROSSING = Change.POD_ADD | Change.POD_LABELS
"""Changes of assigned pods that are offered only to pods that may look at other pods."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change: of the pod `pod` (which was `was`) or of the node `node` (which was `before`).

    A node that is gone is in `before` alone, a pod that is gone in `was` alone.
    """

    change: int
    pod: PodTemplate | None = None
    was: PodTemplate | None = None
    node: NodeSpec | None = None
    before: NodeSpec | None = None
    freed: Requests | None = None
    """What the pod that is gone had asked for."""
    group: tuple[str, str] | None = None
    """(namespace, name) of the PodGroup that came."""


def pod_added(template: PodTemplate) -> Event:
    """A pod has been assigned."""
    return Event(Change.POD_ADD, pod=template)


def pending_pod_added(template: PodTemplate) -> Event:
    """A pod without a node has come into being."""
    return Event(Change.PENDING_POD_ADD, pod=template)


def pod_deleted(template: PodTemplate, requests: Requests | None = None) -> Event:
    """An assigned or nominated pod is gone."""
    return Event(Change.POD_DELETE, was=template, freed=requests or template.requests)


def node_events(before: NodeSpec | None, after: NodeSpec | None) -> Iterator[Event]:
    """What became of a node, one event for each kind of change, in the order of v1.36."""
    if before is None or after is None:
        if before is not after:
            change = Change.NODE_ADD if before is None else Change.NODE_DELETE
            yield Event(change, node=after, before=before)
        return
    if before.unschedulable and not after.unschedulable:
        yield Event(Change.NODE_TAINTS, node=after, before=before)
    if before.allocatable != after.allocatable:
        yield Event(Change.NODE_ALLOCATABLE, node=after, before=before)
    if before.labels != after.labels:
        yield Event(Change.NODE_LABELS, node=after, before=before)
    if before.taints != after.taints:
        yield Event(Change.NODE_TAINTS, node=after, before=before)
