"""A Node object, as the API server stores it, as a node spec.

Law: what scheduling reads: name, labels, taints, what is allocatable (or the capacity, where
nothing else is said), unschedulable, images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simk8s.state.effective import amounts
from simk8s.state.images import normal_name
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import ResourceIndex
from simk8s.state.selectors import Taint


def node_spec(raw: Mapping[str, Any], resources: ResourceIndex) -> NodeSpec:
    """From a Kubernetes object."""
    meta: Mapping[str, Any] = raw["metadata"]
    spec: Mapping[str, Any] = raw.get("spec") or {}
    status: Mapping[str, Any] = raw.get("status") or {}
    offered = status.get("allocatable") or status.get("capacity") or {}
    return NodeSpec(
        name=str(meta["name"]),
        labels={str(k): str(v) for k, v in (meta.get("labels") or {}).items()},
        allocatable=amounts(offered, resources),
        taints=tuple(Taint.parse(taint) for taint in spec.get("taints") or ()),
        unschedulable=bool(spec.get("unschedulable")),
        images=tuple(
            (normal_name(str(name)), int(image.get("sizeBytes") or 0))
            for image in status.get("images") or ()
            for name in image.get("names") or ()
        ),
    )
