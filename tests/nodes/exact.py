"""Kubelets without chance: every step takes its median."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simk8s.nodes.settings import MIB, Image, KubeletSettings, Registry, RuntimeTimes, even_layers
from tests.world import GIB, SECOND, World, node, world

MS = 1_000
ADMIT, VOLUMES, SANDBOX, START, STOP, STATUS = (ms * MS for ms in (10, 300, 200, 100, 100, 10))
RUNTIME = RuntimeTimes((SANDBOX, SANDBOX), 40 * MS, (START, START), (STOP, STOP))
EXACT = KubeletSettings(
    runtime=RUNTIME, admit=(ADMIT, ADMIT), mount=(60 * MS, 60 * MS), status_us=STATUS
)


def image(size: int, count: int = 1, name: str = "app", **more: Any) -> Image:
    """An image of equal layers of its own."""
    return Image(even_layers(name, size * MIB, count), **more)


def registry(images: dict[str, Image], **more: Any) -> Registry:
    """Images by reference without a tag; one MiB downloads in 40 ms and unpacks in 30."""
    named = {f"{name}:1": found for name, found in images.items()}
    return Registry(images=named, layer_bytes_per_s=25 * MIB, unpack_bytes_per_s=100 * MIB, **more)


def exact(settings: KubeletSettings = EXACT, nodes: int = 1, **fields: Any) -> World:
    """A cluster whose kubelets are exact."""
    made = world(pod_times=settings)
    for number in range(nodes):
        made.add_node(node(f"n{number}", 64_000, 256 * GIB, **fields))
    return made


def pulling(images: dict[str, Image], nodes: int = 1, **more: Any) -> World:
    """A cluster with a registry."""
    limits = {k: more.pop(k) for k in list(more) if k in Registry.__dataclass_fields__}
    settings = replace(EXACT, registry=registry(images, **limits), **more)
    return exact(settings, nodes)


def pod(*names: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A template with a container for each image (no image: none is named)."""
    containers = [{"name": f"c{i}", "image": f"{n}:1"} for i, n in enumerate(names)]
    notes = {f"simk8s.io/{key}": value for key, value in (annotations or {}).items()}
    return {
        "metadata": {"annotations": notes},
        "spec": {"containers": containers or [{"name": "main"}], **spec},
    }


def next_relist(w: World, t_us: int, row: int = 0) -> int:
    """When the kubelet of a node looks next."""
    return w.kubelets._relists.seen(row, t_us)


__all__ = ("ADMIT", "EXACT", "MS", "SANDBOX", "SECOND", "START", "STATUS", "STOP", "VOLUMES")
