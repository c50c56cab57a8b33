"""Tolerations, taints and node selector terms as frozen values, parsed once from plain Kubernetes
YAML.

Mirrors: k8s.io/api/core/v1 Toleration.ToleratesTaint and component-helpers nodeaffinity, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "PreferNoSchedule", "NoExecute"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


@dataclass(frozen=True, slots=True)
class Taint:
    """A node taint."""

    key: str
    value: str
    effect: str

    @classmethod
    def parse(cls, raw: Mapping[str, Any] | str) -> Taint:
        """From a Kubernetes mapping or kubectl's `key=value:Effect`."""
        if isinstance(raw, str):
            pair, _, effect = raw.rpartition(":")
            key, _, value = pair.partition("=")
            return cls(key, value, effect)
        return cls(str(raw["key"]), str(raw.get("value") or ""), str(raw["effect"]))


@dataclass(frozen=True, slots=True)
class Toleration:
    """A pod toleration; `seconds` None = for ever."""

    key: str
    operator: str
    value: str
    effect: str
    seconds: int | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Toleration:
        """From a Kubernetes mapping."""
        seconds = raw.get("tolerationSeconds")
        return cls(
            key=str(raw.get("key") or ""),
            operator=str(raw.get("operator") or "Equal"),
            value=str(raw.get("value") or ""),
            effect=str(raw.get("effect") or ""),
            seconds=None if seconds is None else int(seconds),
        )

    def tolerates(self, taint: Taint) -> bool:
        """Whether this toleration covers the taint (an empty key with Exists covers all)."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        if self.operator == "Exists":
            return True
        return self.operator == "Equal" and self.value == taint.value


def tolerated(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Whether any of the tolerations covers the taint."""
    return any(toleration.tolerates(taint) for toleration in tolerations)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One `matchExpressions` or `matchFields` line."""

    key: str
    operator: str
    values: tuple[str, ...]
    is_field: bool = False

    @classmethod
    def parse(cls, raw: Mapping[str, Any], is_field: bool = False) -> Requirement:
        """From a Kubernetes mapping."""
        values = tuple(str(v) for v in raw.get("values") or ())
        return cls(str(raw["key"]), str(raw["operator"]), values, is_field)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels (or, for a field requirement, fields) satisfy the line."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value is not None and value in self.values
            case "NotIn":
                return value is None or value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                return self._compare(value)
        return False

    def _compare(self, value: str | None) -> bool:
        try:
            have, bound = int(value or ""), int(self.values[0])
        except (ValueError, IndexError):
            return False
        return have > bound if self.operator == "Gt" else have < bound


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """One nodeSelectorTerm: all lines must hold; a term without lines matches nothing."""

    requirements: tuple[Requirement, ...]
    weight: int = 0

    @classmethod
    def parse(cls, raw: Mapping[str, Any], weight: int = 0) -> NodeTerm:
        """From a Kubernetes mapping."""
        expressions = [Requirement.parse(r) for r in raw.get("matchExpressions") or ()]
        fields = [Requirement.parse(r, is_field=True) for r in raw.get("matchFields") or ()]
        return cls(tuple(expressions + fields), weight)

    def matches(self, labels: Mapping[str, str], fields: Mapping[str, str]) -> bool:
        """Whether a node with these labels and fields satisfies the term."""
        return bool(self.requirements) and all(
            r.matches(fields if r.is_field else labels) for r in self.requirements
        )
