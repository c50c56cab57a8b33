"""Profiles of `controlPlane` as data: what each says where it differs from the defaults.

Law: a profile is written as a user would write it; what the user writes beside `profile` goes
over it, key by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROFILES: Mapping[str, Mapping[str, Any]] = {
    "small": {},
    "managed-gke-like": {},
    "managed-eks-like": {"kubelet": {"serializeImagePulls": False}},
    "large-5000": {},
    # No latency at all: for pure packing studies.
    "instant": {
        "throttling": False,
        "apiServer": {"service": 0, "watchLag": 0},
        "etcd": {"fsync": 0, "roundTrip": 0},
        "scheduler": {"base": 0, "perNodeNs": 0},
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
