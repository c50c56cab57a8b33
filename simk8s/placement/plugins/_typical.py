"""What pods typically ask for: the popular shapes among many, with their shares.

Mirrors: typical pods of FGD (Weng et al., USENIX ATC 2023) as the public simulator counts them:
distinct (CPU, GPU milli, GPUs, models as written), by falling count, larger ones first where
counts are equal (models by their letters), from the top until at least `popularity` percent of all
pods are among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from simk8s.placement.base import Query
from simk8s.state.resources import CPU


class Shape(NamedTuple):
    """What of a pod counts; memory is left out. No GPU: 0 of 0 milli."""

    cpu: int
    milli: int
    gpus: int
    models: frozenset[str] | None = None
    written: str = ""
    """The models as somebody listed them: `A|B` and `A|B|B` accept the same nodes, but are counted
    as two shapes, as there, which decides how many shapes are typical.
    """

    @property
    def gpu_milli(self) -> int:
        """Over all its devices."""
        return self.gpus * self.milli

    def accepts(self, model: str) -> bool:
        """Whether it may run on that model of GPU."""
        return self.models is None or model in self.models


class Typical(NamedTuple):
    """A popular shape, how many pods had it, and its share of the pods with popular shapes."""

    shape: Shape
    pods: int
    share: float


def shape_of(query: Query) -> Shape:
    """The shape of a pod."""
    gpu, cpu = query.requests.gpu, query.requests.values[CPU]
    return Shape(cpu, gpu.milli, gpu.count, gpu.models) if gpu.count else Shape(cpu, 0, 0)


def typical_of(counts: Mapping[Shape, int], popularity: int = 95) -> tuple[Typical, ...]:
    """The popular shapes; equal ones keep the order of `counts`."""
    total = sum(counts.values())
    taken: list[tuple[Shape, int]] = []
    covered = 0
    for shape, count in sorted(counts.items(), key=_by_popularity, reverse=True):
        if 100 * covered >= popularity * total:
            break
        taken.append((shape, count))
        covered += count
    # Two divisions, as in the original: the last bit decides which nodes tie.
    return tuple(Typical(s, count, (count / total) / (covered / total)) for s, count in taken)


def _by_popularity(item: tuple[Shape, int]) -> tuple[int, int, int, int, str]:
    shape, count = item
    return (count, shape.cpu, shape.milli, shape.gpus, shape.written)


class Census:
    """Shapes of the pods seen so far, each pod once."""

    def __init__(self, popularity: int = 95) -> None:
        self._popularity = popularity
        self._pods: set[int] = set()
        self._counts: dict[Shape, int] = {}
        self._told = 0

    def note(self, queries: Iterable[Query]) -> tuple[Typical, ...] | None:
        """What is typical now, whenever twice as many pods have been seen as last time."""
        for query in queries:
            if query.pod not in self._pods:
                self._pods.add(query.pod)
                shape = shape_of(query)
                self._counts[shape] = self._counts.get(shape, 0) + 1
        if len(self._pods) < 2 * self._told or not self._pods:
            return None
        self._told = len(self._pods)
        return typical_of(self._counts, self._popularity)
