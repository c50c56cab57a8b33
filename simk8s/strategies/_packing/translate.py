"""Between placements and the values of a model's variables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simk8s.strategies._packing.instance import Placement
from simk8s.strategies._packing.objective import leftovers, stranded_devices
from simk8s.strategies._packing.pods import DEVICE_MILLI
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
    keys = {(g, n): (g, int(rename[n])) for g, n in placement.counts}
    order = sorted(placement.counts, key=keys.__getitem__)
    return Placement(
        {keys[k]: placement.counts[k] for k in order},
        {keys[k]: placement.devices[k] for k in order if k in placement.devices},
    )


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
        _hint_stranded(packing, placement)


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


def _hint_stranded(packing: PackingModel, placement: Placement) -> None:
    instance, hint = packing.instance, packing.model.add_hint
    free, devices = leftovers(instance, placement)
    whole = (devices == DEVICE_MILLI).sum(axis=0, dtype=np.int64)
    for (r, n), variable in packing.left.items():
        hint(variable, max(int(free[r, n]) // int(instance.units[r]), 0))
    for n, variable in packing.whole.items():
        hint(variable, int(whole[n]))
    each = stranded_devices(free, whole, instance.typical)
    for (k, n), variable in packing.stranded.items():
        hint(variable, int(each[k, n]))


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
