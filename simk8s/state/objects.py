"""Small Kubernetes objects that the scheduler reads: namespaces, services, controllers, budgets.

Law: `version` moves on with every change of namespaces and services, `controllers_version` with
every change of a controller, `budgets_version` with every change of a budget that says something
new, so whatever was derived from these objects can tell whether it still holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simk8s.state.selectors import LabelSelector

Key = tuple[str, str]
"""(namespace, name)."""

CONTROLLERS = ("ReplicationController", "ReplicaSet", "StatefulSet")
"""Kinds of owner whose selector says which pods belong together."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget: how many more of its pods may go, and which have gone already."""

    namespace: str
    name: str
    selector: LabelSelector
    allowed: int
    disrupted: frozenset[str] = frozenset()


Kin = tuple[int, int, int]
"""Owner, template and requests of a pod, by number."""


class Place(NamedTuple):
    """A node kept in mind for the next pod of that kin, until then."""

    node: int
    until_us: int


class Objects:
    """What exists, by kind. Change it through the methods, so that `version` moves on."""

    def __init__(self) -> None:
        self.version = 0
        self.controllers_version = 0
        """They come and go with every rollout, and each is read by its own pods alone."""
        self.budgets_version = 0
        """Budgets change with the health of their pods, and only preemption reads them."""
        self.namespaces: dict[str, Mapping[str, str]] = {}
        self.services: dict[str, dict[str, Mapping[str, str]]] = {}
        """namespace -> name -> selector; services without a selector are left out."""
        self.controllers: dict[tuple[str, str, str], LabelSelector] = {}
        """(kind, namespace, name) -> selector."""
        self.budgets: dict[Key, Budget] = {}
        self.places: dict[Kin, list[Place]] = {}
        """Where pods are to go that their owners will make for others that were moved away."""

    def put_namespace(self, name: str, labels: Mapping[str, str]) -> None:
        """Create or replace a namespace."""
        self.namespaces[name] = labels
        self.version += 1

    def remove_namespace(self, name: str) -> None:
        """A namespace is gone."""
        self.namespaces.pop(name, None)
        self.version += 1

    def put_service(self, namespace: str, name: str, selector: Mapping[str, str] | None) -> None:
        """Create or replace a service."""
        mine = self.services.setdefault(namespace, {})
        mine.pop(name, None)
        if selector is not None:
            mine[name] = selector
        self.version += 1

    def put_controller(self, kind: str, namespace: str, name: str, selector: LabelSelector) -> None:
        """Create or replace what owns pods."""
        self.controllers[kind, namespace, name] = selector
        self.controllers_version += 1

    def remove_controller(self, kind: str, namespace: str, name: str) -> None:
        """What owned pods is gone."""
        if self.controllers.pop((kind, namespace, name), None) is not None:
            self.controllers_version += 1

    def put_budget(self, budget: Budget) -> None:
        """Create or replace a disruption budget."""
        key = (budget.namespace, budget.name)
        if self.budgets.get(key) != budget:
            self.budgets[key] = budget
            self.budgets_version += 1

    def remove_budget(self, namespace: str, name: str) -> None:
        """Delete a disruption budget."""
        if self.budgets.pop((namespace, name), None) is not None:
            self.version += 1

    def belongs(
        self, namespace: str, labels: Mapping[str, str], owner: tuple[str, str] | None
    ) -> LabelSelector:
        """The selector of the services and of the (kind, name) controller that a pod belongs to.

        Mirrors: helper.DefaultSelector of kube-scheduler v1.36 (services' selectors are merged as
        maps, a ReplicationController's too; the others' lines are added).
        """
        merged: dict[str, str] = {}
        for selector in self.services.get(namespace, {}).values():
            if all(labels.get(key) == value for key, value in selector.items()):
                merged.update(selector)
        own = self.controllers.get((owner[0], namespace, owner[1])) if owner else None
        if own is None:
            return LabelSelector.of(merged)
        if owner is not None and owner[0] == "ReplicationController":
            merged.update({line.key: line.values[0] for line in own.requirements})
            return LabelSelector.of(merged)
        return LabelSelector.of(merged).also(own)

    def put_place(self, kin: Kin, node: int, until_us: int) -> None:
        """A pod of that kin was told to leave; the one that is made for it is to go there."""
        self.places.setdefault(kin, []).append(Place(node, until_us))

    def take_place(self, kin: Kin, place: Place) -> None:
        """The pod has come, or the place is out of date."""
        mine = self.places[kin]
        mine.remove(place)
        if not mine:
            del self.places[kin]
