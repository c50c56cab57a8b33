"""The openb experiment of the FGD paper: nodes, pods, order of arrival, what was published.

Mirrors: section 3 of the notes on FGD (shared/fgd.md): the pods shuffled, then tuned to 130 % of
the GPUs by drawing pods again or leaving some out; nodes ranked by a permutation. All of it is
drawn by Go's generator from the seed (see `_go_random`).
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.papers._go_random import GoRandom

TRACES = (
    "default", "cpu050", "cpu100", "cpu200", "gpushare20", "gpushare40", "gpuspec10", "gpuspec20",
    "multigpu20", "multigpu30",
)  # fmt: skip
SEEDS = tuple(range(42, 52))
TUNE_PERCENT, WHOLE = 130, 1000
_INFORMERS = 10
"""Draws that client-go's reflectors take from the same generator before the nodes are ranked."""


@dataclass(frozen=True, slots=True)
class PodRow:
    """One pod of a list; `models` as written there, empty = any."""

    name: str
    cpu: int
    memory_mib: int
    gpus: int
    milli: int
    models: tuple[str, ...]

    @property
    def gpu_milli(self) -> int:
        """Over all its devices."""
        return self.gpus * self.milli


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One GPU node."""

    name: str
    cpu: int
    memory_mib: int
    gpus: int
    model: str


def _rows(path: Path) -> Iterator[dict[str, str]]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    yield from csv.DictReader(text.splitlines())


class Openb:
    """Everything below one folder `shared`."""

    def __init__(self, shared: Path) -> None:
        self._fgd = shared / "fgd"
        self._folder = shared / "traces" / "alibaba-gpu-v2023-openb"

    @property
    def traces(self) -> list[str]:
        """The pod lists that are there, those of the issue first."""
        names = [path.name for path in self._folder.glob("openb_pod_list_*.csv*")]
        found = {name.removeprefix("openb_pod_list_").partition(".")[0] for name in names}
        return [t for t in TRACES if t in found] + sorted(found - set(TRACES))

    @cache  # noqa: B019 (a handful of files, one object a process)
    def nodes(self) -> list[NodeRow]:
        """The GPU nodes, by name."""
        found = [
            NodeRow(r["sn"], int(r["cpu_milli"]), int(r["memory_mib"]), int(r["gpu"]), r["model"])
            for r in _rows(self._folder / "openb_node_list_gpu_node.csv")
        ]
        return sorted(found, key=lambda node: node.name)

    @cache  # noqa: B019
    def pods(self, trace: str) -> list[PodRow]:
        """A pod list, by name."""
        (path,) = self._folder.glob(f"openb_pod_list_{trace}.csv*")
        return sorted(map(_pod, _rows(path)), key=lambda pod: pod.name)

    @property
    def capacity(self) -> int:
        """GPU milli of all nodes."""
        return WHOLE * sum(node.gpus for node in self.nodes())

    def arrivals(self, listed: Sequence[PodRow], seed: int) -> tuple[list[PodRow], list[NodeRow]]:
        """Pods of a list in order of arrival, nodes in order of preference between equals."""
        draws = GoRandom(seed)
        draws.int63()
        pods = list(listed)
        draws.shuffle(pods)
        _tune(pods, listed, self.capacity * TUNE_PERCENT // 100, draws)
        for _ in range(_INFORMERS):
            draws.float64()
        nodes = self.nodes()
        ranked = sorted(zip(draws.perm(len(nodes)), range(len(nodes)), strict=True))
        return pods, [nodes[place] for _, place in ranked]

    def order(self, seed: int) -> tuple[list[str], list[str]]:
        """As published for `default`: names of pods in order, of nodes by rank."""
        pods = list(_rows(self._fgd / "order" / f"seed{seed}_pods.csv.gz"))
        nodes = list(_rows(self._fgd / "order" / f"seed{seed}_nodes.csv.gz"))
        nodes.sort(key=lambda row: int(row["tie_rank"]))
        return [row["name"] for row in pods], [row["name"] for row in nodes]

    def curves(self) -> dict[tuple[str, str, int], dict[int, float]]:
        """Published (trace, policy, seed): allocation in percent by percent arrived."""
        found = {}
        for row in _rows(self._fgd / "fgd_published_curves_allo_discrete.csv.gz"):
            trace = row["workload"].removeprefix("openb_pod_list_")
            policy = row["sc_policy"].partition("-")[2]
            points = {int(x): float(y) for x, y in row.items() if x.isdigit() and y}
            found[trace, policy, int(row["seed"])] = points
        return found

    def has_placements(self, policy: str) -> bool:
        """Whether seed 42's placements of that policy are there."""
        return (self._fgd / "placements" / f"{policy}_seed42.csv.gz").exists()

    def placements(self, policy: str) -> list[tuple[str, str, str]]:
        """Seed 42 of `default`: (pod, node, device) in order; empty = not placed, no device."""
        rows = _rows(self._fgd / "placements" / f"{policy}_seed42.csv.gz")
        return [(r["pod"], r["node"], r["gpu_index"]) for r in rows]


def _pod(row: dict[str, str]) -> PodRow:
    gpus = int(row["num_gpu"])
    milli = min(int(row["gpu_milli"] or 0), WHOLE) if gpus else 0
    spec = (row.get("gpu_spec") or "") if gpus else ""
    models = tuple(filter(None, spec.split("|")))
    return PodRow(row["name"], int(row["cpu_milli"]), int(row["memory_mib"]), gpus, milli, models)


def _tune(pods: list[PodRow], listed: Sequence[PodRow], target: int, draws: GoRandom) -> None:
    """Add drawn pods, or remove some, until the target of GPU milli is met."""
    total = sum(pod.gpu_milli for pod in pods)
    if total > target:
        while total > target:
            total -= pods.pop(draws.intn(len(pods))).gpu_milli
        return
    while True:
        pod = listed[draws.intn(len(listed))]
        if total + pod.milli > target:  # one device's, as there
            return
        pods.append(pod)
        total += pod.gpu_milli
