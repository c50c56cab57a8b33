"""The packing as a CP-SAT model. The only module here that imports OR-Tools: import it late.

Variables: `y[g, n]` pods of group g on node n; for shared GPU pods `z[g, n, s]` of their parts on
slot s; `begun[n, s]` a whole free device is begun for parts; and for the last goal `used[n]`, the
node comes into use, or `stranded[n]`, free devices that the rest of the node cannot serve.
Coefficients are in the units of the instance, rows that cannot bind are left out.

Empty nodes that are alike come into use in the order of their index, equal free devices of a node
are begun in the order of theirs; nothing more is ordered, since ordering by load slows the search.

Law: every placement is a solution once nodes and devices that are alike are renamed, every
solution is a placement, and the goals' expressions equal `objective.evaluate`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from simk8s.strategies._packing.instance import PackingInstance, room
from simk8s.strategies._packing.objective import (
    Goal,
    fragmentation,
    stranded_devices,
    weight_of,
)
from simk8s.strategies._packing.pods import DEVICE_MILLI
from simk8s.strategies._packing.slots import NodeDevices, look_at

Pair = tuple[int, int]


@dataclass(slots=True)
class Terms:
    """A linear expression being collected."""

    variables: list[Any] = field(default_factory=list)
    coefficients: list[int] = field(default_factory=list)
    offset: int = 0

    def add(self, variable: Any, coefficient: int = 1) -> None:
        self.variables.append(variable)
        self.coefficients.append(coefficient)

    @property
    def expression(self) -> Any:
        return cp_model.LinearExpr.weighted_sum(self.variables, self.coefficients) + self.offset


class PackingModel:
    """Variables, constraints, and the expression of every goal."""

    def __init__(self, instance: PackingInstance) -> None:
        self.instance = instance
        self.model: Any = cp_model.CpModel()
        self.y: dict[Pair, Any] = {}
        self.z: dict[tuple[int, int, int], Any] = {}
        self.begun: dict[Pair, Any] = {}
        self.used: dict[int, Any] = {}
        #: Of typical pod k on node n: free devices it cannot use. `left` and `whole` feed them.
        self.stranded: dict[Pair, Any] = {}
        self.left: dict[Pair, Any] = {}
        self.whole: dict[int, Any] = {}
        self.rooms = np.array([room(instance, g) for g in instance.groups], dtype=np.int64)
        self.rooms = self.rooms.reshape(len(instance.groups), instance.node_count)
        self.hosts = {
            n: np.flatnonzero(self.rooms[:, n]).tolist() for n in range(instance.node_count)
        }
        self.hosts = {n: groups for n, groups in self.hosts.items() if groups}
        self.gpus: dict[int, NodeDevices] = {}
        self._build()

    # -- constraints ---------------------------------------------------------------------------

    def _build(self) -> None:
        for n, groups in self.hosts.items():
            for g in groups:
                self.y[g, n] = self.model.new_int_var(0, int(self.rooms[g, n]), "")
        for g, group in enumerate(self.instance.groups):
            where = [self.y[g, n] for n in np.flatnonzero(self.rooms[g]).tolist()]
            if int(self.rooms[g].sum()) > group.count:
                self.model.add(cp_model.LinearExpr.sum(where) <= group.count)
        for n in self.hosts:
            self._add_resources(n)
            if any(self.instance.groups[g].gpu is not None for g in self.hosts[n]):
                self._add_devices(n)

    def _demand(self, r: int, n: int) -> Terms:
        """Resource r asked of node n, in units."""
        unit, terms = int(self.instance.units[r]), Terms()
        for g in self.hosts[n]:
            request = int(self.instance.groups[g].requests[r]) // unit
            if request:
                terms.add(self.y[g, n], request)
        return terms

    def _free(self, r: int, n: int) -> int:
        return max(int(self.instance.free[r, n]) // int(self.instance.units[r]), 0)

    def _most(self, r: int, n: int) -> int:
        """What all the groups together could ask, each as if it were alone."""
        unit = int(self.instance.units[r])
        groups = self.instance.groups
        return sum(
            int(self.rooms[g, n]) * (int(groups[g].requests[r]) // unit) for g in self.hosts[n]
        )

    def _add_resources(self, n: int) -> None:
        for r in range(self.instance.resource_count):
            if self._most(r, n) > self._free(r, n):
                self.model.add(self._demand(r, n).expression <= self._free(r, n))

    def _add_devices(self, n: int) -> None:
        demands = {g: self.instance.groups[g].gpu for g in self.hosts[n]}
        wanted = {g: (d, int(self.rooms[g, n])) for g, d in demands.items() if d is not None}
        gpus = self.gpus[n] = look_at(self.instance.devices[:, n].tolist(), wanted)
        for g in gpus.shared:
            self._add_parts(g, n)
        for s, slot in enumerate(gpus.slots):
            self._add_slot(n, s, slot.left, slot.ones, len(slot.devices))
        whole = self._whole_devices(n)
        if whole.variables:
            self.model.add(whole.expression <= gpus.free)
        self._chain([self.begun[n, s] for s in range(len(gpus.slots)) if (n, s) in self.begun])

    def _chain(self, alike: list[Any]) -> None:
        """What is alike comes into use in order (benchmarks.symmetry has what that is worth)."""
        for before, after in itertools.pairwise(alike):
            self.model.add_implication(after, before)

    def _add_parts(self, g: int, n: int) -> None:
        """Spreads the pods of a shared group over the slots of a node."""
        gpu = self.instance.groups[g].gpu
        assert gpu is not None
        most, parts = int(self.rooms[g, n]), []
        for s, slot in enumerate(self.gpus[n].slots):
            if slot.left < gpu.milli:
                continue
            bound = len(slot.devices) * most if slot.ones else min(most, slot.left // gpu.milli)
            part = self.z[g, n, s] = self.model.new_int_var(0, bound, "")
            parts.append(part)
            if gpu.devices > 1 and not slot.ones:
                self.model.add(part <= self.y[g, n])
        self.model.add(cp_model.LinearExpr.sum(parts) == gpu.devices * self.y[g, n])

    def _add_slot(self, n: int, s: int, left: int, ones: bool, devices: int) -> None:
        terms = Terms()
        for g in self.gpus[n].shared:
            gpu = self.instance.groups[g].gpu
            if gpu is not None and (g, n, s) in self.z:
                terms.add(self.z[g, n, s], 1 if ones else gpu.milli)
        if ones:
            self.model.add(terms.expression <= devices)
        elif left < DEVICE_MILLI:
            self.model.add(terms.expression <= left)
        else:
            self.begun[n, s] = self.model.new_bool_var("")
            terms.add(self.begun[n, s], -left)
            self.model.add(terms.expression <= 0)

    def _whole_devices(self, n: int) -> Terms:
        """Whole free devices of a node that are taken or begun."""
        terms = self._begun_devices(n)
        for g in self.gpus[n].whole if n in self.gpus else ():
            gpu = self.instance.groups[g].gpu
            assert gpu is not None
            terms.add(self.y[g, n], gpu.devices)
        return terms

    def _begun_devices(self, n: int) -> Terms:
        terms = Terms()
        for s, slot in enumerate(self.gpus[n].slots if n in self.gpus else ()):
            if not slot.free:
                continue
            if not slot.ones:
                terms.add(self.begun[n, s])
                continue
            for g in self.gpus[n].shared:
                if (g, n, s) in self.z:
                    terms.add(self.z[g, n, s])
        return terms

    # -- goals ---------------------------------------------------------------------------------

    def expression(self, goal: Goal) -> Any:
        if goal.priority is None:
            return self._fragmentation() if self.instance.has_gpus else self._nodes_in_use()
        terms = Terms()
        for (g, _), variable in self.y.items():
            if self.instance.groups[g].priority == goal.priority:
                terms.add(variable)
        return terms.expression

    def _nodes_in_use(self) -> Any:
        terms = Terms(offset=int(self.instance.in_use.sum()))
        for n, groups in self.hosts.items():
            if self.instance.in_use[n]:
                continue
            used = self.used[n] = self.model.new_bool_var("")
            terms.add(used)
            for g in groups:
                self.model.add(self.y[g, n] <= int(self.rooms[g, n]) * used)
            for r in range(self.instance.resource_count):
                if self._most(r, n) > self._free(r, n):
                    demand = self._demand(r, n)
                    demand.add(used, -self._free(r, n))
                    self.model.add(demand.expression <= 0)
        for alike in self.alike():
            self._chain([self.used[n] for n in alike])
        return terms.expression

    def alike(self) -> list[list[int]]:
        """Empty nodes that are the same to every group; none where devices differ."""
        found: dict[bytes, list[int]] = {}
        for n in self.hosts:
            if not self.instance.in_use[n] and not self.instance.has_gpus:
                key = self.instance.free[:, n].tobytes() + self.rooms[:, n].tobytes()
                found.setdefault(key, []).append(n)
        return list(found.values())

    def _fragmentation(self) -> Any:
        instance, devices = self.instance, self.instance.devices
        weight = weight_of(instance.typical)
        terms = Terms(offset=int(fragmentation(instance.free, devices, instance.typical).sum()))
        whole = (devices >= DEVICE_MILLI).sum(axis=0, dtype=np.int64)
        each = stranded_devices(instance.free, whole, instance.typical)
        for n, groups in self.hosts.items():
            for variable in self._begun_devices(n).variables:
                terms.add(variable, DEVICE_MILLI)
            for g in groups:
                gpu = instance.groups[g].gpu
                if gpu is not None and not gpu.whole:
                    terms.add(self.y[g, n], -gpu.total)
            for k in range(len(instance.typical)) if whole[n] else ():
                if self._add_stranded(k, n, int(whole[n])):
                    terms.add(self.stranded[k, n], weight)
                    terms.offset -= weight * int(each[k, n])
        return terms.expression

    def _add_stranded(self, k: int, n: int, whole: int) -> bool:
        """Adds `stranded[k, n]` unless nothing that comes here can strand a device for k."""
        for r in np.flatnonzero(self.instance.typical[k]).tolist():
            each = int(self.instance.typical[k, r]) // int(self.instance.units[r])
            if whole * each <= self._free(r, n) - self._most(r, n):
                continue
            if (k, n) not in self.stranded:
                self.stranded[k, n] = self.model.new_int_var(0, whole, "")
            enough = each * self.stranded[k, n] + self._left(r, n) >= each * self._still(n, whole)
            self.model.add(enough)
        return (k, n) in self.stranded

    def _left(self, r: int, n: int) -> Any:
        """Units of r that stay free on n, as a variable of its own."""
        if (r, n) not in self.left:
            free = self._free(r, n)
            left = self.left[r, n] = self.model.new_int_var(0, free, "")
            demand = self._demand(r, n)
            demand.add(left)
            self.model.add(demand.expression == free)
        return self.left[r, n]

    def _still(self, n: int, whole: int) -> Any:
        """Devices of n that stay whole and free, as a variable of its own."""
        if n not in self.whole:
            still = self.whole[n] = self.model.new_int_var(0, whole, "")
            taken = self._whole_devices(n)
            taken.add(still)
            self.model.add(taken.expression == whole)
        return self.whole[n]
