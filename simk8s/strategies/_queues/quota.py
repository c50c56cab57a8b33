"""Quota as a tree: ClusterQueues are leaves, cohorts the nodes above them.

A node counts what is used of its own and its children's quota. What a child may not lend
(`lending_limit`) stays with it: usage up to there is not seen above, and the rest is.

Law: `usage` of a cohort is the sum of what its children use beyond what they keep to themselves;
`remove` takes back exactly what `add` put there, whatever came in between.

Mirrors: Kueue v0.18 pkg/cache/scheduler resource_node.go (nominal quota, borrowing and lending
limits, hierarchical cohorts), clusterqueue_snapshot.go. Resources are keyed by any name: where
there are flavors, by flavor and resource.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

Amounts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Quota:
    """Of one resource at one node; None = no limit."""

    nominal: int = 0
    borrowing_limit: int | None = None
    lending_limit: int | None = None


NONE = Quota()


class QuotaNode:
    """A ClusterQueue or a cohort. Make parents first; quota does not change afterwards."""

    def __init__(
        self,
        name: str,
        quotas: Mapping[str, Quota],
        parent: QuotaNode | None = None,
        weight: float = 1.0,
    ) -> None:
        self.name, self.quotas, self.parent, self.weight = name, dict(quotas), parent, weight
        self.children: list[QuotaNode] = []
        self.usage: dict[str, int] = {}
        self.subtree: dict[str, int] = {}
        """Own quota and what children lend."""
        if parent is not None:
            parent.children.append(self)
        for resource, quota in self.quotas.items():
            self._grow(resource, quota.nominal)

    def _grow(self, resource: str, amount: int) -> None:
        kept = self.kept(resource)
        self.subtree[resource] = self.subtree.get(resource, 0) + amount
        if self.parent is not None:
            self.parent._grow(resource, amount - (self.kept(resource) - kept))

    # --- the tree

    @property
    def path(self) -> Iterator[QuotaNode]:
        """From the parent to the root."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    @property
    def root(self) -> QuotaNode:
        """The topmost node."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    @property
    def height(self) -> int:
        """Steps down to the furthest leaf."""
        return max((child.height + 1 for child in self.children), default=0)

    # --- quota

    def kept(self, resource: str) -> int:
        """What is never lent."""
        limit = self.quotas.get(resource, NONE).lending_limit
        return 0 if limit is None else max(0, self.subtree.get(resource, 0) - limit)

    def kept_free(self, resource: str) -> int:
        """What of it is free."""
        return max(0, self.kept(resource) - self.usage.get(resource, 0))

    def available(self, resource: str) -> int:
        """What could be used on top of what is; negative if more than there is is in use."""
        total, used = self.subtree.get(resource, 0), self.usage.get(resource, 0)
        if self.parent is None:
            return total - used
        above = self.parent.available(resource)
        limit = self.quotas.get(resource, NONE).borrowing_limit
        if limit is not None:
            kept = self.kept(resource)
            above = min(above, total - kept - max(0, used - kept) + limit)
        return self.kept_free(resource) + above

    def potential(self, resource: str) -> int:
        """What could be used if nobody used anything."""
        total = self.subtree.get(resource, 0)
        if self.parent is None:
            return total
        most = self.kept(resource) + self.parent.potential(resource)
        limit = self.quotas.get(resource, NONE).borrowing_limit
        return most if limit is None else min(most, total + limit)

    def fits(self, asked: Amounts) -> bool:
        """Whether there is so much of everything."""
        return all(amount <= self.available(resource) for resource, amount in asked.items())

    def borrows_with(self, resource: str, amount: int = 0) -> bool:
        """Whether it would use more than its own with so much more."""
        return self.usage.get(resource, 0) + amount > self.subtree.get(resource, 0)

    def within_nominal(self, resources: Collection[str]) -> bool:
        """Whether it uses no more than its own of these."""
        return not any(self.borrows_with(resource) for resource in resources)

    def borrowed(self, resource: str) -> int:
        """How much it uses that is not its own."""
        return max(0, self.usage.get(resource, 0) - self.subtree.get(resource, 0))

    def lowest_that_fits(self, resource: str, amount: int) -> tuple[int, bool]:
        """Height of the lowest subtree whose quota has so much more (0 = its own), that of the
        whole tree if none has; and whether that is less than the whole tree.
        """
        if self.parent is None or not self.borrows_with(resource, amount):
            return 0, self.parent is not None
        left, node = amount - self.kept_free(resource), self.parent
        while node.borrows_with(resource, left) and node.parent is not None:
            left, node = left - node.kept_free(resource), node.parent
        return node.height, node.parent is not None

    # --- usage

    def add(self, amounts: Amounts) -> None:
        """Use so much more."""
        for resource, amount in amounts.items():
            self._add(resource, amount)

    def _add(self, resource: str, amount: int) -> None:
        above = amount - self.kept_free(resource)
        self.usage[resource] = self.usage.get(resource, 0) + amount
        if self.parent is not None and above > 0:
            self.parent._add(resource, above)

    def remove(self, amounts: Amounts) -> None:
        """Use so much less."""
        for resource, amount in amounts.items():
            self._remove(resource, amount)

    def _remove(self, resource: str, amount: int) -> None:
        used = self.usage.get(resource, 0)
        above = min(amount, used - self.kept(resource))
        self.usage[resource] = used - amount
        if self.parent is not None and above > 0:
            self.parent._remove(resource, above)
