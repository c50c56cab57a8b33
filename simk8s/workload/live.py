"""L3: what of a dump of a live cluster the run begins with.

Law: an object with a `uid` was printed by a server, so it exists already and is not created again;
what has ended is left out, and so is what an owner of the same dump will make anyway if the dump
is read later than at the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simk8s.scenario.found import ManifestObject

OWNERS = (
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
)
ENDED = ("Succeeded", "Failed")
MIRROR = "kubernetes.io/config.mirror"


def is_live(found: ManifestObject) -> bool:
    """Whether the run begins with it, being something that has pods or is one."""
    return found.live and (found.kind == "Pod" or found.kind in OWNERS)


def is_static(found: ManifestObject) -> bool:
    """Whether it shows a static pod of its node."""
    notes: Mapping[str, Any] = (found.raw.get("metadata") or {}).get("annotations") or {}
    owner = found.owner
    return MIRROR in notes or (owner is not None and owner[0] == "Node")


def kept(objects: Iterable[ManifestObject], at_us: int) -> list[ManifestObject]:
    """What is written or adopted, in order: volumes and classes come before what asks for them."""
    found = [one for one in _once(objects) if one.kind != "Node" and not _over(one)]
    if at_us:
        there = {(one.kind, one.namespace, one.name) for one in found}
        found = [one for one in found if not _made_by(one, there) and not is_static(one)]
    return sorted(found, key=lambda one: one.kind not in ("StorageClass", "PersistentVolume"))


def _once(objects: Iterable[ManifestObject]) -> Iterator[ManifestObject]:
    """What is in several dumps counts once."""
    seen: set[tuple[str, str | None, str]] = set()
    for one in objects:
        key = (one.kind, one.namespace, one.name)
        if not one.live or key not in seen:
            yield one
        seen.add(key)


def _over(found: ManifestObject) -> bool:
    status: Mapping[str, Any] = found.raw.get("status") or {}
    return found.kind == "Pod" and found.live and status.get("phase") in ENDED


def _made_by(found: ManifestObject, there: set[tuple[str, str | None, str]]) -> bool:
    owner = found.owner
    return owner is not None and (owner[0], found.namespace, owner[1]) in there
