"""Objects of storage as they are written, and how claims come by volumes.

Law: a claim is bound as soon as it and what it needs are there: to the volume that it names or
that is kept for it, else to the smallest that will do, else to one made for it by its class. A
class that nothing declares makes volumes, too, as the default class of a managed cluster does;
`storageClassName: ""` and a class without a provisioner do not.

Mirrors: the binder of persistent volumes of kube-controller-manager v1.36 (matching by class,
capacity, modes, selector, claimRef). Departs: binding and provisioning take no time; classes that
wait for their first consumer do not wait; a made volume is reached by every node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from simk8s import units
from simk8s.state.selectors import LabelSelector, NodeTerm
from simk8s.state.volumes import (
    NO_PROVISIONER,
    Capacity,
    Claim,
    StorageClass,
    Volume,
    Volumes,
)

Raw = Mapping[str, Any]
BOUND = "pv.kubernetes.io/bind-completed"
SELECTED = "volume.kubernetes.io/selected-node"
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"
DEFAULT_CLASS = "standard"
"""Of a cluster that declares no other default."""


def volume_of(raw: Raw) -> Volume:
    """From a PersistentVolume."""
    spec: Raw = raw["spec"]
    meta: Raw = raw["metadata"]
    required = (spec.get("nodeAffinity") or {}).get("required")
    claim: Raw | None = spec.get("claimRef")
    csi: Raw = spec.get("csi") or {}
    return Volume(
        name=str(meta["name"]),
        capacity=units.memory_bytes((spec.get("capacity") or {}).get("storage", 0)),
        storage_class=str(spec.get("storageClassName") or _old_class(meta) or ""),
        modes=tuple(spec.get("accessModes") or ()),
        volume_mode=str(spec.get("volumeMode") or "Filesystem"),
        labels={str(k): str(v) for k, v in (meta.get("labels") or {}).items()},
        node_terms=None
        if required is None
        else tuple(NodeTerm.parse(t) for t in required.get("nodeSelectorTerms") or ()),
        claim=None
        if claim is None
        else (str(claim.get("namespace")), str(claim.get("name")), str(claim.get("uid") or "")),
        available=(raw.get("status") or {}).get("phase") == "Available",
        deleting="deletionTimestamp" in meta,
        driver=str(csi.get("driver") or ""),
        handle=str(csi.get("volumeHandle") or ""),
    )


def claim_of(raw: Raw) -> Claim:
    """From a PersistentVolumeClaim."""
    spec: Raw = raw.get("spec") or {}
    meta: Raw = raw["metadata"]
    notes: Raw = meta.get("annotations") or {}
    requests: Raw = (spec.get("resources") or {}).get("requests") or {}
    selector = spec.get("selector")
    return Claim(
        namespace=str(meta["namespace"]),
        name=str(meta["name"]),
        size=units.memory_bytes(requests.get("storage", 0)),
        storage_class=str(spec.get("storageClassName") or ""),
        modes=tuple(spec.get("accessModes") or ()),
        volume_mode=str(spec.get("volumeMode") or "Filesystem"),
        uid=str(meta.get("uid") or ""),
        volume=str(spec.get("volumeName") or ""),
        bound=bool(spec.get("volumeName")) and BOUND in notes,
        lost=(raw.get("status") or {}).get("phase") == "Lost",
        deleting="deletionTimestamp" in meta,
        selected_node=notes.get(SELECTED),
        selector=None if selector is None else LabelSelector.parse(selector),
    )


def class_of(raw: Raw) -> StorageClass:
    """From a StorageClass."""
    topologies = tuple(
        tuple(
            (str(line["key"]), tuple(str(v) for v in line.get("values") or ()))
            for line in term.get("matchLabelExpressions") or ()
        )
        for term in raw.get("allowedTopologies") or ()
    )
    return StorageClass(
        str(raw["metadata"]["name"]),
        str(raw.get("provisioner") or ""),
        raw.get("volumeBindingMode") == "WaitForFirstConsumer",
        topologies,
        (raw["metadata"].get("annotations") or {}).get(IS_DEFAULT) == "true",
    )


def capacity_of(raw: Raw) -> Capacity:
    """From a CSIStorageCapacity."""
    limit = raw.get("maximumVolumeSize") or raw.get("capacity")
    return Capacity(
        str(raw.get("storageClassName") or ""),
        LabelSelector.parse(raw.get("nodeTopology")),
        None if limit is None else units.memory_bytes(limit),
    )


def _old_class(meta: Raw) -> str | None:
    return (meta.get("annotations") or {}).get(OLD_CLASS)


# --- binding


def wanted_claim(raw: Raw, volumes: Volumes) -> Claim:
    """A claim as it is written by a user: its class filled in, nothing bound yet."""
    spec, claim = raw.get("spec") or {}, claim_of(raw)
    named = spec.get("storageClassName")
    if named is None:
        named = _old_class(raw["metadata"])
    if named is None:
        named = default_class(volumes)
    return replace(claim, storage_class=str(named), bound=False)


def default_class(volumes: Volumes) -> str:
    """The declared default, the first by name if there are several; else the built-in one."""
    declared = sorted(name for name, one in volumes.classes.items() if one.default)
    return declared[0] if declared else DEFAULT_CLASS


def put_claim(volumes: Volumes, claim: Claim) -> None:
    """A claim is written: it is bound if it can be."""
    known = volumes.claims.get((claim.namespace, claim.name))
    if known is not None and known.bound:
        claim = replace(claim, bound=True, volume=known.volume)
    volumes.put(claim if claim.bound else _bound(volumes, claim) or claim)


def settle(volumes: Volumes) -> None:
    """Volumes or classes have come: claims that wait may be bound now."""
    for claim in list(volumes.claims.values()):
        found = None if claim.bound else _bound(volumes, claim)
        if found is not None:
            volumes.put(found)


def _bound(volumes: Volumes, claim: Claim) -> Claim | None:
    volume = _existing(volumes, claim)
    if volume is None:
        if claim.volume or not _makes(volumes, claim.storage_class):
            return None
        name = f"pvc-{claim.namespace}-{claim.name}"
        volume = Volume(name, claim.size, claim.storage_class, claim.modes, claim.volume_mode)
    owner = (claim.namespace, claim.name, claim.uid)
    volumes.put(replace(volume, claim=owner, available=False))
    return replace(claim, volume=volume.name, bound=True)


def _makes(volumes: Volumes, name: str) -> bool:
    if not name:
        return False
    known = volumes.classes.get(name)
    return known is None or known.provisioner not in ("", NO_PROVISIONER)


def _existing(volumes: Volumes, claim: Claim) -> Volume | None:
    """The volume that a claim names, that is kept for it, or the smallest that will do."""
    if claim.volume:
        named = volumes.volumes.get(claim.volume)
        free = named is not None and (named.claim is None or named.is_for(claim))
        return named if free else None
    kept = next((one for one in volumes.volumes.values() if one.is_for(claim)), None)
    if kept is not None:
        return kept
    fitting = [one for one in volumes.volumes.values() if _fits(one, claim)]
    return min(fitting, key=lambda one: (one.capacity, one.name), default=None)


def _fits(volume: Volume, claim: Claim) -> bool:
    return (
        volume.claim is None
        and not volume.deleting
        and volume.storage_class == claim.storage_class
        and volume.capacity >= claim.size
        and volume.volume_mode == claim.volume_mode
        and set(claim.modes) <= set(volume.modes)
        and (claim.selector is None or claim.selector.matches(volume.labels))
    )


def unbound(volumes: Volumes) -> Iterator[Claim]:
    """Claims that wait for a volume."""
    return (claim for claim in volumes.claims.values() if not claim.bound)
