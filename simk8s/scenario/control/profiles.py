"""Profiles of `controlPlane` as data: what each says where it differs from the defaults.

Law: a profile is written as a user would write it; what the user writes beside `profile` goes
over it, key by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROFILES: Mapping[str, Mapping[str, Any]] = {
    # The machine of the recordings: one of everything on two cores and a virtual disk.
    "small": {"apiServer": {"replicas": 1, "cores": 2}, "etcd": {"members": 1, "disk": "virtual"}},
    # What providers run is not published: replicas, cores and disks are UNVERIFIED.
    "managed-gke-like": {
        "apiServer": {"replicas": 3, "cores": 4, "cpuFactor": 0.7},
        "etcd": {"members": 3, "disk": "ssd", "roundTrip": "500us", "quota": "6Gi"},
    },
    "managed-eks-like": {
        "apiServer": {"replicas": 2, "cores": 8, "cpuFactor": 0.7},
        "etcd": {"members": 3, "disk": "nvme", "roundTrip": "700us", "quota": "8Gi"},
        "kubelet": {"serializeImagePulls": False},
    },
    # A control plane made for the published limit of 5,000 nodes (UNVERIFIED sizes).
    "large-5000": {
        "apiServer": {
            "replicas": 3,
            "cores": 32,
            "cpuFactor": 0.5,
            "maxRequestsInflight": 1_600,
            "maxMutatingRequestsInflight": 800,
        },
        "etcd": {"members": 3, "disk": "nvme", "roundTrip": "300us", "quota": "8Gi"},
        "clients": {"userInFlight": 400},
        "scheduler": {"cores": 32, "speed": 2.0},
    },
    # No latency at all: for pure packing studies.
    "instant": {
        "throttling": False,
        "apiServer": {"service": 0, "watchLag": 0, "dispatch": {"event": 0, "watcher": 0}},
        "etcd": {
            "fsync": {"p50": 0, "p99": 0},
            "backendCommit": {"p50": 0, "p99": 0},
            "roundTrip": 0,
            "apply": 0,
        },
        "clients": {"userInFlight": 0},
        "scheduler": {"base": 0, "perNodeNs": 0, "perVisitNs": 0, "perPodNs": 0},
        "kubelet": {"fake": {"start": 0, "stop": 0}},
    },
}
DEFAULT = "small"


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, mapping by mapping."""
    found = dict(base)
    for key, value in over.items():
        below = found.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        found[key] = merged(below, value) if both else value  # type: ignore[arg-type]
    return found
