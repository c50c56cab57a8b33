"""Writes `node_use`: what each node was used for, and the watts to price that with.

Law: integrals over time are exact, counted from the stays of pods, once, at the end of a run. Time
in use leaves pods of DaemonSets and static ones aside: a node with nothing else could be given
back.

Departs: while a machine is down it counts as unused, but what its pods request goes on counting
until they are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simk8s.nodes.power import watts_of
from simk8s.record.writer import TableWriter
from simk8s.simulation.stays import Ints, Stays, asked, covered, stays_of, stepped
from simk8s.state.cluster import Cluster
from simk8s.state.resources import CPU, GPU

if TYPE_CHECKING:
    from simk8s.nodes.machines import Machines

WHOLE = 1_000
DAEMON = "DaemonSet/"


def write_node_use(
    cluster: Cluster,
    machines: Machines,
    rows: TableWriter,
    joined_us: list[int],
    now_us: int,
    removed_us: Mapping[int, int],
) -> None:
    """One row a node."""
    nodes = cluster.nodes
    n, specs = nodes.n, nodes.specs
    left = np.array([removed_us.get(row, now_us) for row in range(n)], np.int64)
    down = np.array([machines.down_us(row) for row in range(n)], np.int64)
    up = np.maximum(left - np.array(joined_us, np.int64) - down, 0)
    stays = stays_of(cluster, left, now_us)
    own = ~daemons(cluster)[stays.pod]
    used = covered(stays.node[own], stays.start[own], stays.end[own], n)
    watts = [watts_of(spec) for spec in specs]
    machine = np.array([s.capacity.get(CPU, 0) for s in specs], np.int64)
    machine = np.maximum(np.where(machine > 0, machine, nodes.allocatable[CPU]), 1)
    cpu = asked(cluster, stays, CPU)
    rows.extend(
        {
            "node": np.arange(n),
            "up_us": up,
            "used_us": np.minimum(used, up),
            "machine_milli": machine,
            "cpu_share_us": _sums(stays, cpu, n) / machine,
            "gpu_share_us": _sums(stays, asked(cluster, stays, GPU), n) / WHOLE,
            "packages_us": _packages(stays, cpu, machine, [w.packages for w in watts]),
            "gpus_busy_us": _devices(cluster, stays),
            "gpus": nodes.gpu_count,
            "packages": np.array([w.packages for w in watts], np.int64),
            "idle_w": np.array([w.idle for w in watts], np.float64),
            "busy_w": np.array([w.busy for w in watts], np.float64),
            "gpu_idle_w": np.array([w.gpu_idle for w in watts], np.float64),
            "gpu_busy_w": np.array([w.gpu_busy for w in watts], np.float64),
            "watts_known": np.array([w.verified for w in watts], np.bool_),
        }
    )


def daemons(cluster: Cluster) -> NDArray[np.bool_]:
    """By pod: whether it comes with its node, as pods of DaemonSets and static ones do."""
    pods = cluster.pods
    owners = [owner.startswith(DAEMON) for owner in cluster.owners]
    found: NDArray[np.bool_] = np.array([*owners, False], np.bool_)[pods.column("owner")]
    found[sorted(pods.static)] = True
    return found


def _sums(stays: Stays, amount: Ints, n: int) -> NDArray[np.float64]:
    held = amount.astype(np.float64) * stays.lasted
    return np.bincount(stays.node, weights=held, minlength=n).astype(np.float64)


def _packages(stays: Stays, cpu: Ints, machine: Ints, packages: list[int]) -> NDArray[np.float64]:
    many = np.array(packages, np.int64)
    if not many.any():
        return np.zeros(len(many))
    some = many[stays.node] > 0
    size = np.maximum(-(-machine // np.maximum(many, 1)), 1)
    found = stepped(stays.node[some], stays.start[some], stays.end[some], cpu[some], size)
    return np.asarray(found, np.float64)


def _devices(cluster: Cluster, stays: Stays) -> Ints:
    """Time × devices that hold anything."""
    n, depth = cluster.nodes.n, len(cluster.nodes.gpu_free)
    masks = cluster.pods.column("devices")[stays.pod]
    if not masks.any():
        return np.zeros(n, np.int64)
    places, which = [], []
    for device in range(depth):
        on = np.flatnonzero(masks >> device & 1)
        places.append(stays.node[on] * depth + device)
        which.append(on)
    on, place = np.concatenate(which), np.concatenate(places)
    busy = covered(place, stays.start[on], stays.end[on], n * depth)
    found: Ints = busy.reshape(n, depth).sum(axis=1)
    return found
