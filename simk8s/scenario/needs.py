"""L1: what pods of a template need before they can start: ConfigMaps, Secrets, claims.

Law: only what is not optional; a name that every namespace has (`kube-root-ca.crt`) is no need.

Mirrors: kubelet v1.36: configMap, secret and projected volumes; env and envFrom of containers.
Departs: Secrets of storage drivers and registries count as there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from simk8s.scenario.found import ManifestObject

CONFIG_MAP, SECRET, CLAIM = "ConfigMap", "Secret", "PersistentVolumeClaim"
EVERYWHERE = "kube-root-ca.crt"
Raw = Mapping[str, Any]


class Need(NamedTuple):
    """An object of the pod's namespace, and keys that it must have."""

    kind: str
    name: str
    keys: tuple[str, ...]
    mounted: bool
    """As a volume; otherwise in the environment of a container."""


def needs_of(spec: Raw) -> tuple[Need, ...]:
    """ConfigMaps and Secrets of a pod spec, without repeats."""
    found = [*_mounted(spec), *_read(spec)]
    return tuple(dict.fromkeys(need for need in found if need.name and need.name != EVERYWHERE))


def _mounted(spec: Raw) -> Iterator[Need]:
    for volume in spec.get("volumes") or ():
        sources = (volume.get("projected") or {}).get("sources") or ()
        for source in (volume, *sources):
            for key, kind in (("configMap", CONFIG_MAP), ("secret", SECRET)):
                raw = source.get(key)
                if isinstance(raw, Mapping) and not raw.get("optional"):
                    name = raw.get("secretName" if source is volume and key == "secret" else "name")
                    keys = tuple(str(item.get("key")) for item in raw.get("items") or ())
                    yield Need(kind, str(name or ""), keys, True)


def _read(spec: Raw) -> Iterator[Need]:
    for part in ("initContainers", "containers"):
        for container in spec.get(part) or ():
            for source in container.get("envFrom") or ():
                for key, kind in (("configMapRef", CONFIG_MAP), ("secretRef", SECRET)):
                    raw = source.get(key)
                    if raw and not raw.get("optional"):
                        yield Need(kind, str(raw.get("name") or ""), (), False)
            for variable in container.get("env") or ():
                given = variable.get("valueFrom") or {}
                for key, kind in (("configMapKeyRef", CONFIG_MAP), ("secretKeyRef", SECRET)):
                    raw = given.get(key)
                    if raw and not raw.get("optional"):
                        yield Need(kind, str(raw.get("name") or ""), (str(raw.get("key")),), False)


def claims_of(spec: Raw, made: Collection[str] = ()) -> Iterator[str]:
    """Claims that the volumes of a pod spec name, but for volumes that a StatefulSet makes."""
    for volume in spec.get("volumes") or ():
        claim = volume.get("persistentVolumeClaim")
        if claim and claim.get("claimName") and volume.get("name") not in made:
            yield str(claim["claimName"])


def missing(
    objects: Iterable[ManifestObject], namespace: str
) -> Iterator[tuple[ManifestObject, str, str]]:
    """(who needs it, kind, name) of what no object is; whatever has no namespace is in that one."""
    found = list(objects)
    there = {(one.kind, one.namespace or namespace, one.name) for one in found}
    there |= set(_set_claims(found, namespace))
    for one in found:
        spec = one.template.get("spec") or {}
        needed = [(need.kind, need.name) for need in needs_of(spec)]
        made = [raw["metadata"]["name"] for raw in one.spec.get("volumeClaimTemplates") or ()]
        needed += [(CLAIM, name) for name in claims_of(spec, made)]
        for kind, name in needed:
            if (kind, one.namespace or namespace, name) not in there:
                yield one, kind, name


def _set_claims(
    objects: Iterable[ManifestObject], namespace: str
) -> Iterator[tuple[str, str, str]]:
    """Claims that StatefulSets make."""
    for one in objects:
        for made in (
            (one.spec.get("volumeClaimTemplates") or ()) if one.kind == "StatefulSet" else ()
        ):
            for ordinal in range(int(one.spec.get("replicas") or 1)):
                name = f"{made['metadata']['name']}-{one.name}-{ordinal}"
                yield CLAIM, one.namespace or namespace, name
