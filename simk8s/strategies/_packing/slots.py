"""GPU devices of one node as the model sees them, and the way back to device indexes.

A node's devices become slots. Equal devices that can take one shared pod at most are counted
together (`ones`); the others have a slot each, in the order of their index. What is too full for
any shared pod of the instance is no slot at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from simk8s.strategies._packing.pods import DEVICE_MILLI, GpuDemand

#: Devices per pod of one group on one node.
Chosen = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """Devices of `left` milli each; `ones`: no two shared pods fit on one of them."""

    left: int
    devices: tuple[int, ...]
    ones: bool

    @property
    def free(self) -> bool:
        return self.left == DEVICE_MILLI


@dataclass(frozen=True, slots=True)
class NodeDevices:
    """Groups that want whole devices or parts here, the slots, and the number of free devices."""

    demands: dict[int, GpuDemand]
    left: tuple[int, ...]
    slots: tuple[Slot, ...]

    @property
    def whole(self) -> list[int]:
        return [g for g, gpu in self.demands.items() if gpu.whole]

    @property
    def shared(self) -> list[int]:
        return [g for g, gpu in self.demands.items() if not gpu.whole]

    @property
    def free(self) -> int:
        return sum(milli == DEVICE_MILLI for milli in self.left)


def look_at(left: list[int], wanted: dict[int, tuple[GpuDemand, int]]) -> NodeDevices:
    """`wanted`: per group its demand and the most of its pods that may come here."""
    shared = [(gpu, most) for gpu, most in wanted.values() if not gpu.whole]
    demands = {g: gpu for g, (gpu, _) in wanted.items()}
    if not shared:
        return NodeDevices(demands, tuple(left), ())
    smallest = min(gpu.milli for gpu, _ in shared)
    useful = sum(gpu.devices * most for gpu, most in shared)
    return NodeDevices(demands, tuple(left), tuple(_slots(left, smallest, useful)))


def _slots(left: list[int], smallest: int, useful: int) -> list[Slot]:
    """At most `useful` equal devices count: there are not more parts to put there."""
    by_left: dict[int, list[int]] = {}
    for device, milli in enumerate(left):
        if milli >= smallest:
            by_left.setdefault(milli, []).append(device)
    found = []
    for milli in sorted(by_left):
        devices = by_left[milli][:useful]
        if 2 * smallest > milli:
            found.append(Slot(milli, tuple(devices), True))
        else:
            found.extend(Slot(milli, (device,), False) for device in devices)
    return found


def parts_of(node: NodeDevices, chosen: dict[int, Chosen]) -> dict[tuple[int, int], int]:
    """How many parts of each shared group sit on each slot, equal devices renamed to fit."""
    rename = _renaming(node, chosen)
    slot_of = {d: s for s, slot in enumerate(node.slots) for d in slot.devices}
    parts: dict[tuple[int, int], int] = {}
    for g in node.shared:
        for devices in chosen.get(g, ()):
            for device in devices:
                key = (g, slot_of[rename[device]])
                parts[key] = parts.get(key, 0) + 1
    return parts


def _renaming(node: NodeDevices, chosen: dict[int, Chosen]) -> dict[int, int]:
    """Among equal devices those that hold parts go to the first slots."""
    holding = {d for g in node.shared for devices in chosen.get(g, ()) for d in devices}
    rename: dict[int, int] = {}
    for milli in sorted(set(node.left)):
        equal = [d for d, left in enumerate(node.left) if left == milli]
        rename.update(zip([d for d in equal if d in holding], equal, strict=False))
    return rename


def devices_of(
    node: NodeDevices, counts: dict[int, int], parts: dict[tuple[int, int], int]
) -> dict[int, Chosen]:
    """Device indexes for every GPU pod of a solution: `counts` pods and `parts` on slots."""
    chosen: dict[int, Chosen] = {}
    begun: set[int] = set()
    unused = {s: list(slot.devices) for s, slot in enumerate(node.slots) if slot.ones}
    for g in node.shared:
        if not counts.get(g):
            continue
        line: list[int] = []
        for s, slot in enumerate(node.slots):
            amount = parts.get((g, s), 0)
            taken = [unused[s].pop(0) for _ in range(amount)] if slot.ones else []
            line.extend(taken or slot.devices * amount)
        begun.update(line)
        # At most `counts` parts of the group share a device, so every k-th lies elsewhere.
        chosen[g] = tuple(tuple(sorted(line[i :: counts[g]])) for i in range(counts[g]))
    rest = [d for d, left in enumerate(node.left) if left == DEVICE_MILLI and d not in begun]
    for g in node.whole:
        each = node.demands[g].devices
        pods = counts.get(g, 0)
        if pods:
            chosen[g] = tuple(tuple(rest[i * each : (i + 1) * each]) for i in range(pods))
            rest = rest[pods * each :]
    return chosen
