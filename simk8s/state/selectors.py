"""Tolerations, taints and node selector terms as frozen values, parsed once from plain Kubernetes
YAML.

Mirrors: k8s.io/api/core/v1 Toleration.ToleratesTaint and component-helpers nodeaffinity, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "PreferNoSchedule", "NoExecute"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
MEMORY_PRESSURE = "node.kubernetes.io/memory-pressure"
DISK_PRESSURE = "node.kubernetes.io/disk-pressure"
PID_PRESSURE = "node.kubernetes.io/pid-pressure"


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
        have, bound = int64(value or ""), int64(self.values[0] if self.values else "")
        if have is None or bound is None:
            return False
        return have > bound if self.operator == "Gt" else have < bound

    def flaw(self) -> str | None:
        """What is wrong with a node requirement, as `field: words`; None if nothing is."""
        if self.is_field:
            if len(self.values) != 1:
                return f"values: Invalid value: {_go_list(self.values)}: must have one element"
        elif self.operator in ("Gt", "Lt"):
            if len(self.values) != 1:
                return (
                    f"values: Invalid value: {_go_list(self.values)}: "
                    "for 'Gt', 'Lt' operators, exactly one value is required"
                )
            if int64(self.values[0]) is None:
                return (
                    f'values[0]: Invalid value: "{self.values[0]}": '
                    "for 'Gt', 'Lt' operators, the value must be an integer"
                )
        return None


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
        """Whether a node with these labels and fields satisfies the term; a flawed one never
        does.
        """
        return bool(self.requirements) and all(
            r.matches(fields if r.is_field else labels) and not r.flaw() for r in self.requirements
        )

    def flaws(self) -> list[str]:
        """What is wrong with the term, as `matchExpressions[i].field: words`."""
        found, counts = [], {False: 0, True: 0}
        for line in self.requirements:
            place = f"match{'Fields' if line.is_field else 'Expressions'}[{counts[line.is_field]}]"
            counts[line.is_field] += 1
            flaw = line.flaw()
            if flaw:
                found.append(f"{place}.{flaw}")
        return found


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """A `metav1.LabelSelector`: without lines it matches everything, `nothing` matches nothing."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    @classmethod
    def parse(cls, raw: Mapping[str, Any] | None) -> LabelSelector:
        """From a Kubernetes mapping with matchLabels and matchExpressions; None selects nothing."""
        if raw is None:
            return NOTHING
        lines = _equalities(raw.get("matchLabels") or {})
        lines += tuple(Requirement.parse(r) for r in raw.get("matchExpressions") or ())
        return cls(lines)

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> LabelSelector:
        """All of these labels."""
        return cls(_equalities(labels))

    @property
    def empty(self) -> bool:
        """Whether it matches everything."""
        return not self.requirements and not self.nothing

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return not self.nothing and all(r.matches(labels) for r in self.requirements)

    def also(self, other: LabelSelector) -> LabelSelector:
        """Both selectors at once."""
        return LabelSelector(self.requirements + other.requirements, self.nothing or other.nothing)


NOTHING = LabelSelector(nothing=True)


def _equalities(labels: Mapping[str, str]) -> tuple[Requirement, ...]:
    return tuple(Requirement(str(k), "In", (str(v),)) for k, v in sorted(labels.items()))


_INTEGER = re.compile(r"[+-]?[0-9]+")


def int64(text: str) -> int | None:
    """A decimal 64-bit integer, or None (no spaces, no underscores, no overflow)."""
    if not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if -(1 << 63) <= value < 1 << 63 else None


def _go_list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"
