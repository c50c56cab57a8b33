"""What kubelets and runtimes are told: every time and limit of a node, in µs, bytes and bytes a
second.

Law: data alone. A pair is the median and the 99th percentile of a log-normal duration; zeros mean
at once. Names are those of KubeletConfiguration where it has them.

Mirrors: KubeletConfiguration v1beta1 and the code constants of kubelet v1.36; containerd's three
concurrent downloads. UNVERIFIED priors of the behaviour notes 3.2 and 3.6: admission, mount,
sandbox, container start and their growth with concurrency (fitted to the start times of full
nodes, notes 7.1), unpacking, what a registry's answer takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Pair = tuple[int, int]
MS, SECOND, MINUTE = 1_000, 1_000_000, 60_000_000
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class PodTimes:
    """A fake kubelet: from hearing of a pod until it is Running and Ready, and of its deletion
    until it is gone.
    """

    start: Pair = (1_250_000, 2_500_000)
    stop: Pair = (1_500_000, 3_000_000)


@dataclass(frozen=True, slots=True)
class RuntimeTimes:
    """A container runtime with its network plugin."""

    sandbox: Pair = (200 * MS, 1_000 * MS)
    per_concurrent_us: int = 40 * MS
    """Added to a sandbox by every other one that the node is making."""
    start: Pair = (90 * MS, 500 * MS)
    """Create and start one container."""
    stop: Pair = (100 * MS, 600 * MS)
    """From SIGTERM until a process that obeys is gone, with its sandbox."""


CONTAINERD = RuntimeTimes()
RUNTIMES: Mapping[str, RuntimeTimes] = MappingProxyType(
    {
        "containerd": CONTAINERD,
        # Within tens of ms of containerd.
        "cri-o": RuntimeTimes((215 * MS, 1_000 * MS), 45 * MS, (95 * MS, 500 * MS)),
        # cri-dockerd is one hop more: pods start in 340 ms where containerd takes 180.
        "docker": RuntimeTimes(
            (380 * MS, 1_900 * MS), 75 * MS, (170 * MS, 950 * MS), (190 * MS, 1_100 * MS)
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Image:
    """A container image; sizes are compressed, as a registry has them."""

    layers: tuple[tuple[str, int], ...]
    """Digests and sizes, in order."""
    preloaded: bool = False
    """On every node from the start."""
    exists: bool = True
    """Whether the registry has it."""

    @property
    def size(self) -> int:
        """All layers."""
        return sum(size for _, size in self.layers)


def even_layers(name: str, size: int, count: int) -> tuple[tuple[str, int], ...]:
    """`count` layers of the same size that no other image has."""
    return tuple(
        (f"{name}#{number}", size * (number + 1) // count - size * number // count)
        for number in range(count)
    )


@dataclass(frozen=True, slots=True)
class Registry:
    """Where images come from, and how fast they get to a node."""

    images: Mapping[str, Image] = field(default_factory=dict)
    """By normalised reference."""
    unlisted_size: int = 150 * MIB
    unlisted_layers: int = 5
    unlisted_preloaded: bool = False
    latency_us: int = 150 * MS
    """Until the manifest is there."""
    layer_bytes_per_s: int = 25_000_000
    parallel_layers: int = 3
    node_bytes_per_s: int = 125_000_000
    total_bytes_per_s: int = 0
    """What the registry sends to all nodes together; 0 = no limit."""
    expansion_percent: int = 300
    """Size of an unpacked layer."""
    unpack_bytes_per_s: int = 75_000_000
    """Unpacked bytes written by one core."""
    pull_limit: int = 0
    """Pulls a node may make in `pull_window_us`; then 429. 0 = no limit."""
    pull_window_us: int = 6 * 60 * MINUTE

    def image(self, name: str) -> Image:
        """What is known of an image, or what is taken of one that nobody listed."""
        known = self.images.get(name)
        if known is None:
            layers = even_layers(name, self.unlisted_size, self.unlisted_layers)
            known = Image(layers, self.unlisted_preloaded)
        return known


@dataclass(frozen=True, slots=True)
class Threshold:
    """An eviction threshold: a signal below an amount or a share of its capacity."""

    signal: str
    amount: int = 0
    permille: int = 0
    """In place of an amount."""
    grace_us: int = 0
    """How long it has to be below; 0 = a hard threshold."""
    reclaim: int = 0
    """So much above before it counts as resolved (or thousandths)."""
    reclaim_permille: int = 0

    def below(self, capacity: int) -> int:
        """What less has to be available."""
        return capacity * self.permille // 1000 if self.permille else self.amount

    def resolved(self, capacity: int) -> int:
        """What has to be available again once there was pressure."""
        more = capacity * self.reclaim_permille // 1000 if self.reclaim_permille else self.reclaim
        return self.below(capacity) + more


HARD = (
    Threshold("memory.available", 100 * MIB),
    Threshold("nodefs.available", permille=100),
    Threshold("imagefs.available", permille=150),
)
"""Kubelet's own, inodes aside."""


@dataclass(frozen=True, slots=True)
class EvictionSettings:
    """Node pressure."""

    thresholds: tuple[Threshold, ...] = HARD
    interval_us: int = 10 * SECOND
    """Code constant: the eviction manager's monitor."""
    transition_us: int = 5 * MINUTE
    max_grace_us: int = 0
    """Of pods that a soft threshold evicts."""
    spared_bytes: int = 100 * MIB
    """Memory that is not allocatable because of the hard threshold."""


@dataclass(frozen=True, slots=True)
class UsageSettings:
    """What nodes do about what pods use."""

    eviction: EvictionSettings = EvictionSettings()
    cpu_quota: bool = True
    cgroup: Literal["v1", "v2"] = "v2"
    reserved_in_use_percent: int = 100
    pids: int = 4_194_304
    node_status_us: int = 10 * SECOND


@dataclass(frozen=True, slots=True)
class KubeletSettings:
    """Every kubelet of the cluster."""

    fake: PodTimes | None = None
    """Starts and stops pods in these times and knows neither PLEG, images nor probes."""
    runtime: RuntimeTimes = CONTAINERD
    runtimes: Mapping[str, RuntimeTimes] = field(default_factory=lambda: RUNTIMES)
    """Of the node groups that name one."""
    admit: Pair = (10 * MS, 40 * MS)
    mount: Pair = (60 * MS, 450 * MS)
    """Until the volumes are mounted: token, populator and reconciler."""
    volume_poll_us: int = 300 * MS
    pleg_period_us: int = SECOND
    housekeeping_us: int = 2 * SECOND
    status_us: int = 10 * MS
    """Sync and GET before the status PATCH."""
    serialize_image_pulls: bool = True
    max_parallel_image_pulls: int = 0
    """0 = no limit."""
    registry_pull_qps: int = 5
    """0 = no limit."""
    registry_burst: int = 10
    image_gc_high_percent: int = 85
    image_gc_low_percent: int = 80
    image_minimum_gc_age_us: int = 2 * MINUTE
    image_gc_period_us: int = 5 * MINUTE
    max_container_restart_us: int = 300 * SECOND
    node_status_us: int = 10 * SECOND
    registry: Registry = Registry()


INSTANT_PODS = PodTimes((0, 0), (0, 0))
"""Nothing that a node does takes time."""
