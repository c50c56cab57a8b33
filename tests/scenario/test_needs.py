"""What pods need: ConfigMaps, Secrets and claims, by every way of naming them."""

from __future__ import annotations

from simk8s.scenario.needs import Need, claims_of, needs_of

SPEC = {
    "volumes": [
        {"name": "a", "configMap": {"name": "cm", "items": [{"key": "k", "path": "p"}]}},
        {"name": "b", "secret": {"secretName": "s"}},
        {"name": "c", "secret": {"secretName": "maybe", "optional": True}},
        {
            "name": "d",
            "projected": {"sources": [{"secret": {"name": "ps"}}, {"configMap": {"name": "pc"}}]},
        },
        {"name": "e", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "f", "configMap": {"name": "kube-root-ca.crt"}},
    ],
    "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "is"}}]}],
    "containers": [
        {
            "name": "c",
            "envFrom": [
                {"configMapRef": {"name": "ec"}},
                {"configMapRef": {"name": "o", "optional": True}},
            ],
            "env": [
                {"name": "X", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                {"name": "Y", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            ],
        }
    ],
}


def test_every_way_of_naming_them():
    assert needs_of(SPEC) == (
        Need("ConfigMap", "cm", ("k",), True),
        Need("Secret", "s", (), True),
        Need("Secret", "ps", (), True),
        Need("ConfigMap", "pc", (), True),
        Need("Secret", "is", (), False),
        Need("ConfigMap", "ec", (), False),
        Need("Secret", "s", ("k",), False),
    )
    assert list(claims_of(SPEC)) == ["data"]
    assert list(claims_of(SPEC, ["e"])) == []


def test_a_plain_pod_needs_nothing():
    assert needs_of({"containers": [{"name": "c", "env": [{"name": "A", "value": "b"}]}]}) == ()
