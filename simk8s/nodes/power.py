"""What a machine draws: watts at rest and at work, from published figures.

Law: a node draws `idle` at rest and `busy` when all its CPU is in use, each GPU beside it likewise;
between, a line (`packages` 0) or steps: a CPU package with any pod is busy, and so is a device.
What a scenario says of a group (`power: {idle: 90, busy: 250}`) goes before the data in
`_power.csv`.

Mirrors: a line from idle to busy as Fan, Weber and Barroso (ISCA 2007) and Cloud Carbon Footprint
have it, whose watts per vCPU are from SPECpower results of the processors that providers name;
nodes of the openb trace as the model of PWR has them (Lettich et al., arXiv 2412.17484), in steps.
Departs: SPECpower's curves bend, the line does not; memory, disks and network draw nothing of
their own, cooling neither; an instance bears its share of a machine whose other vCPUs are not
looked at. UNVERIFIED: watts per vCPU of cloud instances (no provider publishes them), of bare metal
without a figure of its own (the providers' mean), of A10G (a list quoted from memory), and of GPUs
whose idle draw is not published (an eighth of the board's power, which is between what PWR has for
P100 and for A10); G2 and G3 of openb are stand-ins of PWR.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from simk8s.nodes.profiles import profile, profile_names
from simk8s.state.nodes import NodeSpec, Watts
from simk8s.state.resources import CPU

if TYPE_CHECKING:
    from simk8s.scenario.power import Power

_DATA = Path(__file__).with_name("_power.csv")
_Row = tuple[float, float, int, bool]


def watts_of(spec: NodeSpec) -> Watts:
    """What a node draws: what it was given, otherwise by its machine."""
    if spec.watts is not None:
        return spec.watts
    milli = spec.capacity.get(CPU, spec.allocatable.get(CPU, 0))
    return _by_machine(spec.profile, milli, spec.gpu_model if spec.gpu_count else None)


@lru_cache(maxsize=1024)
def _by_machine(machine: str, milli: int, gpu: str | None) -> Watts:
    idle, busy, _, known = _found("vcpu", _provider(machine))
    gpu_idle, gpu_busy, gpu_known = _gpu(gpu)
    return Watts(
        idle * milli / 1_000, busy * milli / 1_000, 0, gpu_idle, gpu_busy, known and gpu_known
    )


def of_trace(spec: NodeSpec) -> Watts:
    """A node of the openb trace, whose processor goes by its GPU; in steps."""
    idle, busy, milli, known = _found("package", spec.gpu_model or "cpu")
    packages = max(1, -(-spec.allocatable.get(CPU, 0) // milli))
    gpu_idle, gpu_busy, gpu_known = _gpu(spec.gpu_model if spec.gpu_count else None)
    return Watts(
        idle * packages, busy * packages, packages, gpu_idle, gpu_busy, known and gpu_known
    )


def told(spec: NodeSpec, power: Power) -> Watts:
    """What a scenario says; what it leaves out stays."""
    known = watts_of(spec)
    gpu_idle = known.gpu_idle if power.gpu_idle is None else power.gpu_idle
    gpu_busy = known.gpu_busy if power.gpu_busy is None else power.gpu_busy
    return Watts(power.idle, power.busy, 0, gpu_idle, max(gpu_idle, gpu_busy), verified=True)


def _provider(name: str) -> str:
    return profile(name).provider if name in _names() else ""


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(profile_names())


def _gpu(model: str | None) -> tuple[float, float, bool]:
    if model is None:
        return 0.0, 0.0, True
    idle, busy, _, known = _found("gpu", model)
    return idle, busy, known


def _found(kind: str, name: str) -> _Row:
    """The row of that name, of the model without its memory (`V100-32GB`, `V100M32`), or the one
    that stands for all others.
    """
    rows = _rows()
    for one in (name, name.partition("-")[0], name.partition("M")[0]):
        if (kind, one) in rows and one:
            return rows[kind, one]
    return rows[kind, ""]


@lru_cache(maxsize=1)
def _rows() -> dict[tuple[str, str], _Row]:
    with _DATA.open(encoding="utf-8", newline="") as handle:
        return {
            (row["kind"], row["name"]): (
                float(row["idle_w"]),
                float(row["busy_w"]),
                int(row["milli"]),
                row["verified"] == "yes",
            )
            for row in csv.DictReader(handle)
        }
