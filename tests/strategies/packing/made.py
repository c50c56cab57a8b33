"""Instances for the tests of packing: by hand, by hypothesis, and large ones from a seed."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from simk8s.strategies._packing.instance import PackingInstance
from simk8s.strategies._packing.pods import GpuDemand, Group


def group(count, *requests, priority=0, allowed=None, gpu=None, per_node=None):
    mask = None if allowed is None else np.array(allowed, dtype=np.uint8)
    demand = None if gpu is None else GpuDemand(*gpu)
    return Group(count, np.array(requests, dtype=np.int64), priority, mask, demand, per_node)


def instance(groups, nodes, in_use=None, devices=None, companions=None):
    """`nodes` and `devices` are per node: [[cpu, memory], ...] and [[milli, milli], ...]."""
    return PackingInstance(
        groups=tuple(groups),
        free=np.array(nodes, dtype=np.int64).T.copy(),
        in_use=np.array(in_use or [False] * len(nodes), dtype=bool),
        gpu_free=None if devices is None else np.array(devices, dtype=np.int64).T.copy(),
        companions=None if companions is None else np.array(companions, dtype=np.int64),
    )


@st.composite
def tiny(draw, gpus):
    """At most five pods in three groups on at most three nodes of two resources."""
    n = draw(st.integers(1, 3))
    nodes = [[draw(st.integers(-1, 9)), draw(st.integers(0, 9))] for _ in range(n)]
    if draw(st.booleans()):
        nodes = [nodes[0]] * n
    groups, left = [], 5
    for _ in range(draw(st.integers(1, 3))):
        count = draw(st.integers(0, min(left, 3)))
        left -= count
        groups.append(draw(a_group(count, n, gpus)))
    devices = None
    if gpus:
        milli = st.sampled_from([0, 250, 400, 700, 1000, 1000, 1000])
        devices = [[draw(milli), draw(milli)] for _ in range(n)]
    in_use = [draw(st.booleans()) for _ in range(n)]
    companions = draw(st.sampled_from([None, [[2, 1]], [[1, 1], [4, 0]]])) if gpus else None
    return instance(groups, nodes, in_use, devices, companions)


@st.composite
def a_group(draw, count, nodes, gpus):
    allowed = None
    if draw(st.integers(0, 3)) == 0:
        allowed = [draw(st.integers(0, 1)) for _ in range(nodes)]
    gpu = None
    if gpus and draw(st.integers(0, 3)):
        milli = draw(st.sampled_from([200, 350, 500, 600, 1000, 1000]))
        gpu = (draw(st.integers(1, 2)), milli)
    return group(
        count,
        draw(st.integers(0, 5)),
        draw(st.integers(0, 5)),
        priority=draw(st.sampled_from([0, 0, 7])),
        allowed=allowed,
        gpu=gpu,
        per_node=draw(st.sampled_from([None, None, None, 1, 2])),
    )


def cluster(seed, nodes, used, gpu_share=0.0, groups=60, largest=6, priorities=1):
    """A large cluster: `used` nodes partly full, some share with eight GPUs, drawn pods."""
    draw = np.random.default_rng(seed)
    free = np.array([[64_000], [256 << 30], [110]], dtype=np.int64).repeat(nodes, axis=1)
    free[:, :used] = free[:, :used] * draw.integers(50, 1000, used) // 1000
    in_use = np.arange(nodes) < used
    devices = None
    if gpu_share:
        devices = np.zeros((8, nodes), dtype=np.int64)
        with_gpus = draw.random(nodes) < gpu_share
        devices[:, with_gpus] = 1000
        cut = draw.integers(0, 3, (8, nodes)) == 0
        devices[cut & in_use] = devices[cut & in_use] * draw.integers(0, 100) // 100
    made = tuple(_drawn_group(draw, largest, priorities, bool(gpu_share)) for _ in range(groups))
    return PackingInstance(made, free, in_use, devices)


def _drawn_group(draw, largest, priorities, gpus):
    requests = [draw.integers(1, 41) * 100, draw.integers(1, 65) << 28, 1]
    gpu = None
    if gpus and draw.integers(0, 4):
        gpu = (1, int(draw.integers(1, 20)) * 50) if draw.integers(0, 2) else (1, 1000)
        if draw.integers(0, 8) == 0:
            gpu = (int(draw.integers(2, 9)), 1000)
    count = int(draw.integers(1, largest + 1))
    return group(count, *requests, priority=int(draw.integers(0, priorities)), gpu=gpu)
