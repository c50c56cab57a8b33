"""What a pod asks of a node, interned: equal vectors are one object with one number.

Mirrors: k8s.io/component-helpers/resource PodRequests (max of the running containers and each
init step, plus overhead) and pkg/scheduler/util GetNonzeroRequests (100m and 200 MiB where a
container names none), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from simk8s.state.resources import CPU, GPU, MEMORY, PODS

DEFAULT_CPU_MILLI = 100
DEFAULT_MEMORY_BYTES = 200 << 20
ONE_POD = (PODS, 1)
"""The pod slot that every pod asks for, as in `Requests.wanted`."""


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """Devices wanted on one node: `count` of them, `milli` thousandths of each, of an allowed
    model.
    """

    count: int = 0
    milli: int = 1000
    models: frozenset[str] | None = None

    @property
    def total_milli(self) -> int:
        """Thousandths of a device over all devices."""
        return self.count * self.milli


NO_GPU = GpuRequest()


@dataclass(slots=True, eq=False)
class Requests:
    """One interned request vector; `values[r]` is the amount of resource row r (missing rows are
    0). Equal is the same object; nobody writes to it (to freeze it would double its cost).
    """

    id: int
    values: tuple[int, ...]
    nonzero_cpu: int
    nonzero_memory: int
    """What scoring counts for this pod once it runs."""
    gpu: GpuRequest
    wanted: tuple[tuple[int, int], ...]
    """(row, amount) of the rows with a positive amount, pods among them."""
    asked_cpu: int
    asked_memory: int
    """What scoring counts for it while it is being placed (pod-level resources left aside)."""
    defaulted: bool
    """Whether scoring counts more than the pod really asks for."""
    plain: bool
    """Whether it asks for cpu, memory and a pod slot and for nothing else, and scoring counts just
    that (`nonzero_cpu`, `nonzero_memory`), before it runs as after: as nearly every pod does, so
    there are quicker ways for it.
    """

    @property
    def best_effort(self) -> bool:
        """Whether nothing but a pod slot is asked for."""
        return all(row == PODS for row, _ in self.wanted)


class RequestTable:
    """Interns request vectors; ids are dense and never reused."""

    def __init__(self) -> None:
        self.items: list[Requests] = []
        self._ids: dict[tuple[object, ...], Requests] = {}
        self._matrix = np.zeros((0, GPU + 1), np.int64)

    def intern(
        self,
        values: tuple[int, ...],
        nonzero_cpu: int | None = None,
        nonzero_memory: int | None = None,
        gpu: GpuRequest = NO_GPU,
        asked: tuple[int, int] | None = None,
    ) -> Requests:
        """The one `Requests` with these amounts; pod slot and GPU row are filled in."""
        key = (values, nonzero_cpu, nonzero_memory, gpu if gpu.count else None, asked)
        known = self._ids.get(key)
        if known is None:
            known = self._ids[key] = self._make(values, nonzero_cpu, nonzero_memory, gpu, asked)
        return known

    def matrix(self) -> NDArray[np.int64]:
        """Amounts of the resources that all clusters have, by number, `[n, GPU + 1]`."""
        if len(self._matrix) != len(self.items):
            amounts = chain.from_iterable([one.values[: GPU + 1] for one in self.items])
            self._matrix = np.fromiter(amounts, np.int64).reshape(-1, GPU + 1)
        return self._matrix

    def pair(self, base: Requests) -> Pair:
        """Interns `base` with another cpu and memory; what it asks beside them is read once."""
        ids, items, intern = self._ids, self.items, self.intern
        rest, gpu = base.values[MEMORY + 1 :], base.gpu
        wanted = [(row, amount) for row, amount in base.wanted if row > MEMORY]
        of_gpu = gpu if gpu.count else None
        plain = wanted == [ONE_POD] and not gpu.count

        def drawn(cpu: int, memory: int) -> Requests:
            values = (cpu, memory, *rest)
            if cpu <= 0 or memory <= 0:
                own_cpu, own_memory = base.nonzero_cpu, base.nonzero_memory
                return intern(values, None if cpu else own_cpu, None if memory else own_memory, gpu)
            key = (values, None, None, of_gpu, None)
            known = ids.get(key)
            if known is None:
                asked = ((CPU, cpu), (MEMORY, memory), *wanted)
                known = ids[key] = Requests(
                    len(items), values, cpu, memory, gpu, asked, cpu, memory, False, plain
                )
                items.append(known)
            return known

        return drawn

    def _make(
        self,
        values: tuple[int, ...],
        cpu: int | None,
        memory: int | None,
        gpu: GpuRequest,
        asked: tuple[int, int] | None,
    ) -> Requests:
        full = values
        milli = gpu.count * gpu.milli
        if len(values) <= GPU or values[PODS] != 1 or values[GPU] != milli:
            filled = [*values, *[0] * (GPU + 1 - len(values))]
            filled[PODS], filled[GPU] = 1, milli
            full = tuple(filled)
        if cpu is None:
            cpu = full[CPU] or DEFAULT_CPU_MILLI
        if memory is None:
            memory = full[MEMORY] or DEFAULT_MEMORY_BYTES
        asked_cpu, asked_memory = asked or (cpu, memory)
        wanted = tuple([(row, amount) for row, amount in enumerate(full) if amount > 0])
        counted = ((CPU, cpu), (MEMORY, memory), ONE_POD)
        made = Requests(
            len(self.items),
            full,
            cpu,
            memory,
            gpu,
            wanted,
            asked_cpu,
            asked_memory,
            cpu != full[CPU] or memory != full[MEMORY],
            wanted == counted and not gpu.count and (asked_cpu, asked_memory) == (cpu, memory),
        )
        self.items.append(made)
        return made


Pair = Callable[[int, int], Requests]
"""From cpu and memory to the requests of a pod."""


def drawn_requests(
    table: RequestTable, base: Requests, drawn: Mapping[int, int], gpu: GpuRequest | None = None
) -> Requests:
    """The template's requests with some rows (and the GPU request) replaced by what was drawn."""
    values = list(base.values)
    values += [0] * (max(drawn, default=0) + 1 - len(values))
    for row, amount in drawn.items():
        values[row] = amount
    return table.intern(
        tuple(values),
        None if drawn.get(CPU) else base.nonzero_cpu,
        None if drawn.get(MEMORY) else base.nonzero_memory,
        base.gpu if gpu is None else gpu,
    )


def drawn_in_bulk(
    table: RequestTable, bases: Iterable[Requests], drawn: Mapping[int, Sequence[int]]
) -> list[int]:
    """Numbers of `drawn_requests` for one pod after the other, `drawn` by row and pod."""
    if set(drawn) != {CPU, MEMORY}:
        rows = tuple(drawn)
        pods = zip(bases, *drawn.values(), strict=True)
        return [
            drawn_requests(table, base, dict(zip(rows, mine, strict=True))).id
            for base, *mine in pods
        ]
    found = []
    known: dict[int, Pair] = {}
    for base, cpu, memory in zip(bases, drawn[CPU], drawn[MEMORY], strict=True):
        pair = known.get(base.id)
        if pair is None:
            pair = known[base.id] = table.pair(base)
        found.append(pair(cpu, memory).id)
    return found
