"""ConfigMaps and Secrets, as far as pods wait for them: which there are, and their keys.

Mirrors: core/v1 ConfigMap and Secret, v1.36. Departs: what is in them is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CONFIG_MAP, SECRET = "ConfigMap", "Secret"
CONFIG_MAPS, SECRETS = "configmaps", "secrets"
"""Names of the kinds in the store."""


@dataclass(frozen=True, slots=True)
class Keys:
    """One of either kind."""

    namespace: str
    name: str
    keys: frozenset[str]

    @classmethod
    def parse(cls, raw: Mapping[str, Any], namespace: str, name: str) -> Keys:
        """From a Kubernetes object."""
        parts = (raw.get(part) or {} for part in ("data", "stringData", "binaryData"))
        return cls(namespace, name, frozenset(str(key) for part in parts for key in part))


class Configs:
    """What exists, by kind."""

    def __init__(self) -> None:
        self._there: dict[tuple[str, str, str], frozenset[str]] = {}

    def put(self, kind: str, value: Keys) -> None:
        """Create or replace one."""
        self._there[kind, value.namespace, value.name] = value.keys

    def remove(self, kind: str, namespace: str, name: str) -> None:
        """It is gone; pods that have started keep what they have."""
        self._there.pop((kind, namespace, name), None)

    def has(self, kind: str, namespace: str, name: str, keys: Iterable[str]) -> bool:
        """Whether it exists, with all these keys."""
        there = self._there.get((kind, namespace, name))
        return there is not None and there.issuperset(keys)
