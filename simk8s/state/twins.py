"""Manifests that differ in labels and container resources alone, as made from one template.

Law: says yes only where everything else of two manifests is the very same objects, so that what
was parsed of it once holds for both. Nobody changes a manifest that was parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Raw = Mapping[str, Any]


def twins(one: Raw, other: Raw) -> bool:
    """Whether two pod templates are the same but for `metadata.labels` and the `resources` of
    their containers.
    """
    spec, its = one.get("spec"), other.get("spec")
    if not spec or not its or not _same(one, other, "metadata", "spec"):
        return False
    if not _same(one.get("metadata") or {}, other.get("metadata") or {}, "labels"):
        return False
    if not _same(spec, its, "containers"):
        return False
    mine, theirs = spec.get("containers") or (), its.get("containers") or ()
    if len(mine) != len(theirs):
        return False
    for container, its_own in zip(mine, theirs, strict=True):
        if not _same(container, its_own, "resources"):
            return False
    return True


def _same(one: Raw, other: Raw, *but: str) -> bool:
    """Whether both hold the very same values under the same keys, a few left aside."""
    if len(one) != len(other):
        return False
    for key, value in one.items():
        its = other.get(key, other)  # `other` is no value of its own, and so stands for none
        if its is not value and (its is other or key not in but):
            return False
    return True
