"""What nodes were used for and what was free, made up: the tables of schema.aside."""

from __future__ import annotations

from simk8s.record.recorder import Recorder

H = 3_600_000_000


def node_use(node, up=4 * H, used=2 * H, cpu=H, gpu=0.0, gpus=0, **other):
    """A row; watts 100 to 300, GPUs 30 to 250."""
    row = {
        "node": node, "up_us": up, "used_us": used, "machine_milli": 4_000, "cpu_share_us": cpu,
        "gpu_share_us": gpu, "packages_us": 0.0, "gpus_busy_us": 0, "gpus": gpus, "packages": 0,
        "idle_w": 100.0, "busy_w": 300.0, "gpu_idle_w": 30.0, "gpu_busy_w": 250.0,
        "watts_known": True,
    }  # fmt: skip
    return tuple((row | other).values())


def write_spent(recorder: Recorder, nodes: int, gpus: int, hours: int = 24) -> None:
    """Every node in use half of the time; fragments that grow."""
    for node in range(nodes):
        used, cpu = hours * H // 2, hours * H * 0.3
        recorder.node_use.append(node_use(node, hours * H, used, cpu, cpu * gpus, gpus))
    for hour in range(hours + 1):
        free = 1_000 * nodes
        whole = 1_000 * gpus * nodes
        memory, lost = free << 20, whole * hour * 0.005 if gpus else None
        row = (free, free * hour * 0.01, memory, memory * 0.02, whole, whole // 2, lost)
        recorder.fragmentation.append((hour * H, *row))
