"""Runs of the FGD experiment: which, in how many processes, kept in a file between calls."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.papers._drive import drive
from benchmarks.papers._openb import Openb, PodRow
from benchmarks.papers._stand_ins import LIKE, stand_in
from simk8s.placement.plugins._worth import device_prices

ROOT = Path(__file__).resolve().parents[2]
OURS = "least_stranded"
POLICIES: dict[str, tuple[str, dict[str, Any]]] = {
    "Random": ("random_fit", {"devices": "random"}),
    "DotProd": ("dot_product", {}),
    "GpuClustering": ("gpu_clustering", {}),
    "GpuPacking": ("gpu_packing", {}),
    "BestFit": ("best_fit", {"steps": "percent"}),
    "FGD": ("fgd", {}),
    OURS: (OURS, {}),
}
"""Names as published -> strategy and its parameters."""
_DECIDING = ("drive", "go_random", "openb", "stand_ins")
"""Modules here that a run depends on."""
_SECANTS, _CLOSE_DEVICES = 3, 2.0
"""Two devices are three hundredths of a percent."""


class Task(NamedTuple):
    """One run."""

    trace: str
    policy: str
    seed: int


class Run(NamedTuple):
    """Its curve, and how many of seed 42's placements differ (None = not published)."""

    curve: dict[int, float]
    differing: int | None


@cache
def _openb(shared: str) -> Openb:
    return Openb(Path(shared))


def one(shared: str, task: Task) -> Run:
    """Drive one strategy over one order of arrival."""
    openb = _openb(shared)
    listed = pods_of(openb, task.trace)
    pods, nodes = openb.arrivals(listed, task.seed)
    name, params = POLICIES[task.policy]
    driven = drive(name, params, pods, nodes, listed, task.seed)
    differing = None
    if task.trace == "default" and task.seed == 42 and openb.has_placements(task.policy):
        published = openb.placements(task.policy)
        own = zip((p.name for p in pods), driven.nodes, driven.devices, strict=True)
        differing = sum(a != b for a, b in zip(published, own, strict=True))
    return Run(driven.curve(openb.capacity), differing)


def pods_of(openb: Openb, trace: str) -> list[PodRow]:
    """A pod list, or the stand-in for one that is not there."""
    if trace.startswith(LIKE):
        default, models = openb.pods("default"), openb.pods("gpuspec20")
        return stand_in(trace.removeprefix(LIKE), default, models)
    return openb.pods(trace)


def all_of(
    tasks: Iterable[Task], shared: str, jobs: int, kept: Path | None, *, make: bool = True
) -> Iterator[tuple[Task, Run]]:
    """The runs in order; those in the file `kept` by the same code are not made again. Without
    `make`, those alone.
    """
    tasks, known = list(tasks), _read(kept)
    if not make:
        yield from ((task, known[task]) for task in tasks if task in known)
        return
    missing = [task for task in tasks if task not in known]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        made = pool.map(one, [shared] * len(missing), missing)
        for task in tasks:
            if task not in known:
                known[task] = next(made)
                _append(kept, task, known[task])
            yield task, known[task]


def _code() -> str:
    """What decides: a hash of the sources."""
    files = [p for part in ("placement", "strategies", "state") for p in _sources(part)]
    files += [ROOT / "benchmarks" / "papers" / f"_{name}.py" for name in _DECIDING]
    digest = hashlib.blake2b(digest_size=8)
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(part: str) -> list[Path]:
    return sorted((ROOT / "simk8s" / part).rglob("*.py"))


def _read(kept: Path | None) -> dict[Task, Run]:
    found: dict[Task, Run] = {}
    code = _code()
    for line in kept.read_text().splitlines() if kept is not None and kept.exists() else ():
        row = json.loads(line)
        if row["code"] == code:
            curve = {int(x): y for x, y in row["curve"].items()}
            found[Task(*row["task"])] = Run(curve, row["differing"])
    return found


def _append(kept: Path | None, task: Task, run: Run) -> None:
    if kept is not None:
        row = {"code": _code(), "task": task, "curve": run.curve, "differing": run.differing}
        with kept.open("a") as file:
            file.write(json.dumps(row) + "\n")


def lossless_percent(openb: Openb, trace: str, seed: int) -> float:
    """Up to which percent of arrivals all pods could be packed, by the linear bound over devices
    alone: no CPU, no nodes, no models. Beyond it every strategy has dropped something.
    """
    pods = openb.arrivals(pods_of(openb, trace), seed)[0]
    arrived = list(accumulate(pod.gpu_milli for pod in pods))
    whole = openb.capacity // 1000

    def spare(percent: float) -> float:
        return whole - _devices(pods[: bisect_right(arrived, percent * openb.capacity / 100)])

    # What is needed grows almost linearly near the end: a few steps of the secant do.
    low, high = 94.0, 97.0
    spare_low, spare_high = spare(low), spare(high)
    for _ in range(_SECANTS):
        low, high = high, low + spare_low * (high - low) / (spare_low - spare_high)
        spare_low, spare_high = spare_high, spare(high)
        if abs(spare_high) < _CLOSE_DEVICES:
            break
    return high


def _devices(pods: list[PodRow]) -> float:
    demand: Counter[int] = Counter()
    for pod in pods:
        if pod.gpus:
            demand[pod.milli] += pod.gpus
    prices = device_prices(dict(demand), 10)
    return sum(price * demand[size] for size, price in prices.items())
