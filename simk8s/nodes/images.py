"""Container images on nodes: what is there, what a pull takes, what is thrown away.

A pull is priced when its turn is known: manifest, then the missing layers, so many at a time and
each no faster than the registry gives, unpacked one after another as they come. Links that are
shared (a node's, the registry's) hand out their bytes first come first served, so that no more
goes through them than they carry.

Law: a layer crosses a node's link once, however many images or pulls want it; every pull attempt
takes a token of the kubelet's bucket and counts against the registry's limit; an image that a pod
of the node runs is not collected.

Mirrors: kubelet v1.36 pkg/kubelet/images (serial and parallel puller, "pull QPS exceeded" without
waiting, image GC by last use down to the low threshold), containerd's parallel downloads.
Departs: bandwidth is handed out in order instead of in equal shares; how full the image disk is
counts images alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from heapq import heapify, heappop, heappush, heapreplace
from typing import NamedTuple

from simk8s.kernel.ratelimit import TokenBucket
from simk8s.nodes.disorders import product
from simk8s.nodes.settings import Image, KubeletSettings

_SECOND = 1_000_000
PULL_QPS, MISSING, TOO_MANY, NEVER_PULL, UNREACHABLE = (
    "pull QPS exceeded",
    "not found",
    "429 Too Many Requests",
    "ErrImageNeverPull",
    "connection refused",
)
_WHOLE = 1_000
Outage = tuple[tuple[str, ...], int]
"""(globs of image names, none = all; until a pull has failed)."""


class Pull(NamedTuple):
    """What becomes of a pull: until when it takes, and why it failed."""

    done_us: int
    error: str = ""


@dataclass(slots=True)
class _Held:
    """An image on a node."""

    image: Image
    since_us: int
    used_us: int


@dataclass(slots=True)
class _Node:
    """One node that has pulled something."""

    bucket: TokenBucket | None
    held: dict[str, _Held] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    """Layers by digest, and when they were (or will be) unpacked."""
    busy: list[int] = field(default_factory=list)
    """Instants at which the pulls under way end; a heap."""
    link_us: int = 0
    """When its link is free again."""
    pulls: deque[int] = field(default_factory=deque)
    """Instants of the pulls that the registry counts."""
    bytes: int = 0
    slow: int = _WHOLE
    """Thousandths of the time that everything takes."""


class NodeImages:
    """The images of all nodes; rows are node rows."""

    def __init__(self, settings: KubeletSettings) -> None:
        self._settings = settings
        self._registry = settings.registry
        self._nodes: dict[int, _Node] = {}
        self._images: dict[str, Image] = {}
        self._registry_us = 0
        self._outages: list[Outage] = []
        self._slow: list[int] = []
        self._pace = _WHOLE
        self._broken: dict[str, int] = {}
        self._slots = 1 if settings.serialize_image_pulls else settings.max_parallel_image_pulls
        self.pulls = 0
        self.errors = 0
        self.pulled_bytes = 0

    def image(self, name: str) -> Image:
        """What is known of an image."""
        found = self._images.get(name)
        if found is None:
            found = self._images[name] = self._registry.image(name)
        return found

    def has(self, node: int, name: str, now_us: int) -> bool:
        """Whether an image is on a node now."""
        if self.image(name).preloaded:
            return True
        there = self._nodes.get(node)
        held = None if there is None else there.held.get(name)
        return held is not None and held.since_us <= now_us

    def ready(self, node: int, name: str, policy: str, now_us: int) -> bool:
        """Whether a container may start without asking the registry."""
        if policy == "Always" or not self.has(node, name, now_us):
            return False
        there = self._nodes.get(node)
        if there is not None and name in there.held:
            there.held[name].used_us = now_us
        return True

    def pull(self, node: int, name: str, policy: str, now_us: int) -> Pull:
        """An image that is not ready is asked for; callers come in order of time."""
        if policy == "Never":
            return Pull(now_us, NEVER_PULL)
        there = self._node(node)
        start_us = self._turn(there, now_us)
        self.pulls += 1
        done_us, error = self._attempt(there, name, start_us)
        if self._slots:
            heappush(there.busy, done_us)
        self.errors += bool(error)
        return Pull(done_us, error)

    def _attempt(self, there: _Node, name: str, start_us: int) -> Pull:
        registry, image = self._registry, self.image(name)
        if there.bucket is not None and not there.bucket.take(start_us):
            return Pull(start_us, PULL_QPS)
        answered_us = start_us + registry.latency_us * self._pace // _WHOLE
        for images, answer_us in self._outages:
            if not images or any(fnmatchcase(name, one) for one in images):
                return Pull(start_us + answer_us, UNREACHABLE)
        if self._refused(there, start_us):
            return Pull(answered_us, TOO_MANY)
        if not image.exists or name in self._broken:
            return Pull(answered_us, MISSING)
        done_us = self._fetch(there, image, answered_us)
        held = there.held.get(name)
        if held is None:
            there.held[name] = _Held(image, done_us, done_us)
        else:
            held.used_us = done_us
        return Pull(done_us)

    def _node(self, node: int) -> _Node:
        there = self._nodes.get(node)
        if there is None:
            qps, burst = self._settings.registry_pull_qps, self._settings.registry_burst
            there = self._nodes[node] = _Node(TokenBucket(qps, burst) if qps else None)
        return there

    def _turn(self, there: _Node, now_us: int) -> int:
        """When a puller is free; the one that will be is taken."""
        busy = there.busy
        while busy and busy[0] <= now_us:
            heappop(busy)
        if not self._slots or len(busy) < self._slots:
            return now_us
        return heappop(busy)

    def _refused(self, there: _Node, now_us: int) -> bool:
        """Whether the registry's limit is reached; counts the pull otherwise."""
        limit = self._registry.pull_limit
        if not limit:
            return False
        pulls = there.pulls
        while pulls and pulls[0] <= now_us - self._registry.pull_window_us:
            pulls.popleft()
        if len(pulls) >= limit:
            return True
        pulls.append(now_us)
        return False

    def _fetch(self, there: _Node, image: Image, start_us: int) -> int:
        """Download and unpack the layers that are missing; when the last is there."""
        registry = self._registry
        slots = [start_us] * registry.parallel_layers
        heapify(slots)
        unpacked_us = start_us
        for digest, size in image.layers:
            ready_us = there.layers.get(digest)
            if ready_us is None:
                sent_us = self._sent(there, slots[0], size)
                heapreplace(slots, sent_us)
                whole = size * registry.expansion_percent // 100
                unpacking_us = whole * _SECOND * there.slow
                unpacking_us //= registry.unpack_bytes_per_s * _WHOLE
                unpacked_us = max(unpacked_us, sent_us) + unpacking_us
                there.layers[digest] = unpacked_us
                there.bytes += whole
                self.pulled_bytes += size
            else:
                unpacked_us = max(unpacked_us, ready_us)
        return unpacked_us

    def _sent(self, there: _Node, start_us: int, size: int) -> int:
        """When a layer has come through all links."""
        registry, pace = self._registry, self._pace
        own = pace * there.slow * _SECOND * size
        sent_us = start_us + own // (registry.layer_bytes_per_s * _WHOLE * _WHOLE)
        if registry.node_bytes_per_s:
            there.link_us = max(there.link_us, start_us)
            there.link_us += own // (registry.node_bytes_per_s * _WHOLE * _WHOLE)
            sent_us = max(sent_us, there.link_us)
        if registry.total_bytes_per_s:
            self._registry_us = max(self._registry_us, start_us)
            self._registry_us += size * _SECOND * pace // (registry.total_bytes_per_s * _WHOLE)
            sent_us = max(sent_us, self._registry_us)
        return sent_us

    # --- what goes wrong

    def slow_down(self, node: int, thousandths: int) -> None:
        """A node's pulls take so many thousandths as long from now on."""
        self._node(node).slow = thousandths

    def go_slow(self, thousandths: int, over: bool = False) -> None:
        """The registry is slow, or one reason for it is over; reasons multiply."""
        if over:
            self._slow.remove(thousandths)
        else:
            self._slow.append(thousandths)
        self._pace = product(self._slow)

    def go_down(self, images: tuple[str, ...], answer_us: int) -> None:
        """Images that match (none given: all) cannot be pulled."""
        self._outages.append((images, answer_us))

    def come_back(self, images: tuple[str, ...], answer_us: int) -> None:
        """They can again."""
        self._outages.remove((images, answer_us))

    def break_image(self, name: str) -> None:
        """An image is not in the registry any more."""
        self._broken[name] = self._broken.get(name, 0) + 1

    def mend_image(self, name: str) -> None:
        """It is again."""
        self._broken[name] -= 1
        if not self._broken[name]:
            del self._broken[name]

    # --- what ends

    def crashed(self, node: int, now_us: int) -> None:
        """Pulls under way are lost; what is unpacked stays."""
        there = self._nodes.get(node)
        if there is None:
            return
        there.busy.clear()
        there.link_us = now_us
        for name in [n for n, held in there.held.items() if held.since_us > now_us]:
            del there.held[name]
        for digest in [d for d, ready_us in there.layers.items() if ready_us > now_us]:
            del there.layers[digest]
        self._recount(there)

    def _recount(self, there: _Node) -> None:
        sizes = {d: size for held in there.held.values() for d, size in held.image.layers}
        there.layers = {d: t for d, t in there.layers.items() if d in sizes}
        percent = self._registry.expansion_percent
        there.bytes = sum(sizes[digest] * percent // 100 for digest in there.layers)

    def crowded(self, node: int, disk_bytes: int) -> bool:
        """Whether images fill more of the disk than the high threshold."""
        high = self._settings.image_gc_high_percent
        there = self._nodes.get(node)
        return there is not None and there.bytes * 100 > disk_bytes * high

    def bytes_of(self, node: int) -> int:
        """What the images of a node take of its disk."""
        there = self._nodes.get(node)
        return 0 if there is None else there.bytes

    def collect(self, node: int, disk_bytes: int, now_us: int, in_use: Iterable[str]) -> list[str]:
        """Remove unused images, longest unused first, down to the low threshold (of a disk of 0
        bytes: all of them); their names.
        """
        there = self._nodes.get(node)
        if there is None:
            return []
        keep = dict.fromkeys(in_use)
        age_us = self._settings.image_minimum_gc_age_us
        by_use: Callable[[str], tuple[int, int]] = lambda n: (  # noqa: E731
            there.held[n].used_us,
            there.held[n].since_us,
        )
        goal = disk_bytes * self._settings.image_gc_low_percent
        removed = []
        for name in sorted((n for n in there.held if n not in keep), key=by_use):
            if there.bytes * 100 <= goal:
                break
            if now_us - there.held[name].since_us >= age_us:
                del there.held[name]
                self._recount(there)
                removed.append(name)
        return removed
