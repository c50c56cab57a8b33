"""Between placements and the values of a model's variables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simk8s.strategies._packing.instance import DEVICE_MILLI, PackingInstance, Placement
from simk8s.strategies._packing.objective import companions, leftovers, usable
from simk8s.strategies._packing.slots import Chosen, devices_of, parts_of

if TYPE_CHECKING:
    from simk8s.strategies._packing.model import PackingModel

Pair = tuple[int, int]


def in_order(packing: PackingModel, placement: Placement) -> Placement:
    """The same placement with empty nodes that are alike used in the model's order."""
    occupied = {n for _, n in placement.counts}
    rename = np.arange(packing.instance.node_count)
    for alike in packing.alike():
        first = [n for n in alike if n in occupied] + [n for n in alike if n not in occupied]
        rename[first] = alike
    return placement.renumbered(rename)


def give_hint(packing: PackingModel, placement: Placement) -> None:
    """Tells the solver the value of every variable under the placement."""
    model = packing.model
    model.clear_hints()
    for key, variable in packing.y.items():
        model.add_hint(variable, placement.counts.get(key, 0))
    _hint_devices(packing, placement)
    occupied = {n for _, n in placement.counts}
    for n, variable in packing.used.items():
        model.add_hint(variable, n in occupied)
    if packing.stranded:
        stranded = _stranded(packing.instance, placement)
        for n, variable in packing.stranded.items():
            model.add_hint(variable, int(stranded[n]))


def _hint_devices(packing: PackingModel, placement: Placement) -> None:
    chosen: dict[int, dict[int, Chosen]] = {}
    for (g, n), devices in placement.devices.items():
        chosen.setdefault(n, {})[g] = devices
    parts = {n: parts_of(gpus, chosen.get(n, {})) for n, gpus in packing.gpus.items()}
    for (g, n, s), variable in packing.z.items():
        packing.model.add_hint(variable, parts[n].get((g, s), 0))
    begun = {(n, s) for n, of_node in parts.items() for _, s in of_node}
    for key, variable in packing.begun.items():
        packing.model.add_hint(variable, key in begun)


def _stranded(instance: PackingInstance, placement: Placement) -> Any:
    free, devices = leftovers(instance, placement)
    whole = (devices == DEVICE_MILLI).sum(axis=0)
    return whole - usable(free, whole, companions(instance))


def read_solution(packing: PackingModel, solver: Any) -> Placement:
    """The placement that the solver found."""
    counts = _values(packing.y, solver)
    parts: dict[int, dict[Pair, int]] = {}
    for (g, n, s), amount in _values(packing.z, solver).items():
        parts.setdefault(n, {})[g, s] = amount
    devices: dict[Pair, Chosen] = {}
    for n, gpus in packing.gpus.items():
        here = {g: counts[g, n] for g in gpus.demands if (g, n) in counts}
        for g, chosen in devices_of(gpus, here, parts.get(n, {})).items():
            devices[g, n] = chosen
    keys = sorted(counts)
    return Placement({k: counts[k] for k in keys}, {k: devices[k] for k in keys if k in devices})


def _values(variables: dict[Any, Any], solver: Any) -> dict[Any, int]:
    """The positive values only."""
    found = {key: int(solver.value(variable)) for key, variable in variables.items()}
    return {key: value for key, value in found.items() if value}
