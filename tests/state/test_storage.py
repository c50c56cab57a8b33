"""Claims and volumes: who is bound to what, and what waits."""

from __future__ import annotations

import pytest

from simk8s.state import storage
from simk8s.state.volumes import Volumes

GIB = 1 << 30


def claim(name="data", *, size="1Gi", cls=None, volume=None, notes=None, **spec):
    if cls is not None:
        spec["storageClassName"] = cls
    if volume is not None:
        spec["volumeName"] = volume
    spec.setdefault("accessModes", ["ReadWriteOnce"])
    spec["resources"] = {"requests": {"storage": size}}
    return {"metadata": {"namespace": "d", "name": name, "annotations": notes or {}}, "spec": spec}


def disk(name, size="1Gi", cls="", **spec):
    whole = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], **spec}
    return {"metadata": {"name": name}, "spec": {**whole, "storageClassName": cls}}


def kind(name, provisioner="example.org/disk", default=False):
    notes = {storage.IS_DEFAULT: "true"} if default else {}
    return {"metadata": {"name": name, "annotations": notes}, "provisioner": provisioner}


def bound(volumes, raw):
    storage.put_claim(volumes, storage.wanted_claim(raw, volumes))
    found = volumes.claims["d", raw["metadata"]["name"]]
    assert found.bound == bool(found.bound and volumes.volumes.get(found.volume))
    return found.volume if found.bound else None


@pytest.mark.parametrize(
    ("raw", "volume"),
    [
        (claim(), "pvc-d-data"),
        (claim(cls="undeclared"), "pvc-d-data"),
        (claim(cls=""), None),
        (claim(cls="local"), None),
        (claim(cls="manual"), "small"),
        (claim(cls="manual", size="2Gi"), "large"),
        (claim(cls="manual", size="9Gi"), None),
        (claim(cls="manual", accessModes=["ReadWriteMany"]), None),
        (claim(cls="manual", volume="large"), "large"),
        (claim(volume="nowhere"), None),
        (claim("kept", cls="manual"), "mine"),
        (claim(notes={storage.OLD_CLASS: "manual"}), "small"),
    ],
)
def test_what_a_claim_is_bound_to(raw, volume):
    volumes = Volumes()
    volumes.put(storage.class_of(kind("local", "kubernetes.io/no-provisioner")))
    volumes.put(storage.class_of(kind("manual", "kubernetes.io/no-provisioner")))
    volumes.put(storage.volume_of(disk("large", "5Gi", "manual")))
    volumes.put(storage.volume_of(disk("small", "1Gi", "manual")))
    kept = {"namespace": "d", "name": "kept"}
    volumes.put(storage.volume_of(disk("mine", "1Gi", "manual", claimRef=kept)))
    assert bound(volumes, raw) == volume


def test_a_volume_has_one_claim():
    volumes = Volumes()
    volumes.put(storage.class_of(kind("manual", "")))
    volumes.put(storage.volume_of(disk("one", cls="manual")))
    assert bound(volumes, claim("a", cls="manual")) == "one"
    assert bound(volumes, claim("b", cls="manual")) is None
    assert [one.name for one in storage.unbound(volumes)] == ["b"]
    volumes.put(storage.volume_of(disk("two", cls="manual")))
    storage.settle(volumes)
    assert volumes.claims["d", "b"].volume == "two"


def test_the_default_class_is_the_declared_one():
    volumes = Volumes()
    assert storage.default_class(volumes) == storage.DEFAULT_CLASS
    volumes.put(storage.class_of(kind("slow")))
    volumes.put(storage.class_of(kind("fast", default=True)))
    bound(volumes, claim())
    assert volumes.claims["d", "data"].storage_class == "fast"
    assert volumes.volumes["pvc-d-data"].capacity == GIB


def test_a_bound_claim_stays_bound_when_it_is_written_again():
    volumes = Volumes()
    assert bound(volumes, claim()) == "pvc-d-data"
    assert bound(volumes, claim(cls="")) == "pvc-d-data"
