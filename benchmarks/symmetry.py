"""What breaking symmetry is worth to CP-SAT, in deterministic time: the same on every machine.

`python -m benchmarks.symmetry` solves a handful of instances of both packing models in several
ways and prints, of each, the deterministic seconds until everything is proved (or the gap that is
left at the limit). One worker, fixed seeds. Batch packing (`strategies/_packing`): identical
empty nodes and devices come into use in order of their index (as shipped), in no order, and, on
top, in order of their load. Packing with moves (`packing/`): the solver's own symmetry detection
at its levels 2 (as shipped), 1 and 0; nothing is ordered there, for a node is told apart by the
pods that run on it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from unittest.mock import patch

import numpy as np

from benchmarks.papers._priority_instances import Cell, qualifying
from simk8s.packing import model as moving
from simk8s.packing.solve import Limits
from simk8s.packing.solve import solve as solve_moves
from simk8s.strategies._packing import attempt
from simk8s.strategies._packing.instance import PackingInstance
from simk8s.strategies._packing.model import PackingModel
from simk8s.strategies._packing.pods import GpuDemand, Group
from simk8s.strategies._packing.solve import Options, solve

CELLS = ((4, 4, 95), (8, 4, 95), (8, 8, 95))
BATCHES = ((5, 18, False), (6, 20, False), (12, 40, False), (2, 9, True), (3, 14, True))


def batch(nodes: int, pods: int, gpus: bool, seed: int) -> PackingInstance:
    """Identical empty nodes; pods in groups of up to four."""
    draw, groups, left = np.random.default_rng(seed), [], pods
    while left:
        count = min(int(draw.integers(1, 5)), left)
        left -= count
        gpu = GpuDemand(1, int(draw.choice([250, 300, 400, 500, 700, 1000]))) if gpus else None
        asked = np.array([draw.integers(10, 60), draw.integers(10, 60), 1], np.int64)
        groups.append(Group(count, asked, 0, gpu=gpu))
    free = np.array([[150], [150], [110]], np.int64).repeat(nodes, axis=1)
    devices = np.full((4, nodes), 1000, np.int64) if gpus else None
    return PackingInstance(tuple(groups), free, np.zeros(nodes, bool), devices)


@contextmanager
def unordered() -> Iterator[None]:
    """Nothing comes into use in order."""
    with patch.object(PackingModel, "_chain", lambda self, alike: None):
        yield


@contextmanager
def by_load() -> Iterator[None]:
    """Of nodes that are alike, those before hold at least as much of the first resource."""
    shipped = PackingModel._nodes_in_use

    def ordered(self: PackingModel) -> object:
        found = shipped(self)
        for alike in self.alike():
            for one, other in pairwise(alike):
                self.model.add(self._demand(0, one).expression >= self._demand(0, other).expression)
        return found

    with patch.object(PackingModel, "_nodes_in_use", ordered):
        yield


@contextmanager
def level(number: int) -> Iterator[None]:
    """The solver's own symmetry detection."""
    shipped_moves, shipped_batch = moving._set, attempt._configure

    def moves(parameters: object, effort: object) -> None:
        shipped_moves(parameters, effort)
        parameters.symmetry_level = number

    def whole(parameters: object, *rest: object, **more: object) -> None:
        shipped_batch(parameters, *rest, **more)
        parameters.symmetry_level = number

    with patch.object(moving, "_set", moves), patch.object(attempt, "_configure", whole):
        yield


BATCH_WAYS: dict[str, tuple[Callable[[], object], ...]] = {
    "as shipped": (),
    "no order": (unordered,),
    "order by load": (by_load,),
    "symmetry_level 0": (lambda: level(0),),
    "neither": (unordered, lambda: level(0)),
}
MOVE_WAYS: dict[str, tuple[Callable[[], object], ...]] = {
    "as shipped (level 2)": (),
    "symmetry_level 1": (lambda: level(1),),
    "symmetry_level 0": (lambda: level(0),),
}


def _in(ways: tuple[Callable[[], object], ...], work: Callable[[], str]) -> str:
    with ExitStack() as stack:
        for way in ways:
            stack.enter_context(way())
        return work()


def _batch(made: PackingInstance, limit: float) -> str:
    found = solve(made, Options(budget=limit, candidates=1_000))
    spent = sum(stage.deterministic_time for stage in found.stages)
    proved = all(stage.proved for stage in found.stages)
    return f"{spent:.2f}" if proved else f"open, {100 * found.gap:.1f} %"


def _moves(problem: object, limit: float) -> str:
    found = solve_moves(problem, Limits(limit))
    proved = sum(each.proved for each in found.reached)
    stages = len(found.reached)
    time = f"{found.deterministic_time:.2f}"
    return time if proved == stages else f"{proved} of {stages}, {time}"


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.symmetry")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--limit", type=float, default=0.6, help="deterministic seconds")
    asked = parser.parse_args()
    print("| batch |", " | ".join(BATCH_WAYS), "|")
    for nodes, pods, gpus in BATCHES:
        for seed in range(1, asked.seeds + 1):
            made = batch(nodes, pods, gpus, seed)
            cells = [_in(way, lambda m=made: _batch(m, asked.limit)) for way in BATCH_WAYS.values()]
            name = f"{nodes} nodes, {pods} {'GPU ' if gpus else ''}pods, seed {seed}"
            print(f"| {name} |", " | ".join(cells), "|", flush=True)
    print("| moves |", " | ".join(MOVE_WAYS), "|")
    for nodes, each, usage in CELLS:
        for seed, problem in qualifying(Cell(nodes, each, usage, 10), asked.seeds):
            cells = [
                _in(way, lambda p=problem: _moves(p, asked.limit)) for way in MOVE_WAYS.values()
            ]
            print(f"| {nodes}×{each}@{usage}, seed {seed} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
