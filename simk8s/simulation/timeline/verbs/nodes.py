"""cordon, uncordon, taint, label, add and remove nodes.

Law: which nodes are meant is decided when the entry is due: those that meet every filter, in order
of joining; where `count` takes only some, those come first for which there is something to do.

Mirrors: kubectl cordon, uncordon, taint and label with --overwrite, delete node; v1.36. A machine
takes its profile's boot time to join; where calls of the cloud have limits (`cloud_nodes`), from
the call that was taken, and one that leaves is terminated before its Node is deleted. Departs: a
taint or label that is not there to be removed is no error; machines that join later have no share
in faults that are drawn at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from simk8s.nodes.groups import node_specs, stem_of
from simk8s.nodes.runtime import endless_us
from simk8s.scenario.labels import LabelSelector, parse
from simk8s.scenario.references import NODE, Reference
from simk8s.scenario.timeline import Nodes
from simk8s.simulation import membership
from simk8s.simulation.cloud_nodes import Machine
from simk8s.simulation.editing import UNCHANGED
from simk8s.simulation.timeline.desk import Desk, Task
from simk8s.simulation.timeline.verbs import objects
from simk8s.state.nodes import NodeSpec
from simk8s.state.selectors import Taint

NODES = "nodes"
First = Callable[[NodeSpec], bool]


def shown(name: str) -> str:
    """A node as the log names it."""
    return f"node/{name}"


def rows_of(desk: Desk, wanted: Nodes, first: First | None = None) -> list[int]:
    """Rows of the nodes that are meant; with `count`, `first` ones come first."""
    table = desk.cluster.nodes
    selector = parse(wanted.selector) if wanted.selector else None
    rows = [
        row
        for row in range(table.n)
        if table.exists[row] and _meets(table.specs[row], wanted, selector)
    ]
    if wanted.count is None:
        return rows
    if first is not None:
        rows.sort(key=lambda row: not first(table.specs[row]))
    return sorted(rows[: wanted.count])


def _meets(spec: NodeSpec, wanted: Nodes, selector: LabelSelector | None) -> bool:
    group, _, number = spec.name.rpartition("-")
    return (
        (wanted.names is None or spec.name in wanted.names)
        and (wanted.zone is None or spec.zone == wanted.zone)
        and (wanted.group is None or (group == wanted.group and number.isdecimal()))
        and (selector is None or selector.matches(spec.labels))
    )


def meant(desk: Desk, task: Task, wanted: Nodes, first: First | None = None) -> list[int]:
    """The same; nodes that are named and not there, or no node at all, are told in the log."""
    rows = rows_of(desk, wanted, first)
    there = {desk.cluster.nodes.specs[row].name for row in rows}  # looked up, never iterated
    for name in wanted.names or ():
        if desk.cluster.nodes.row(name) is None:
            desk.refuse(task, shown(name), f'NotFound: nodes "{name}" not found')
    if not there and not wanted.names:
        desk.refuse(task, NODES, "no node is meant")
    return rows


def patch(desk: Desk, task: Task, rows: list[int], change: membership.Change) -> None:
    """PATCH each node."""
    for row in rows:
        line = desk.line(task, shown(desk.cluster.nodes.specs[row].name))
        desk.send(line, "PATCH", NODES, partial(_patch, desk, row, change))


def _patch(desk: Desk, row: int, change: membership.Change) -> Any:
    done = membership.change(desk.world, row, change)
    return UNCHANGED if done is None else done


def open_(spec: NodeSpec) -> bool:
    """Whether pods may be scheduled to it."""
    return not spec.unschedulable


def closed(spec: NodeSpec) -> bool:
    """Whether it is cordoned."""
    return spec.unschedulable


def cordon(desk: Desk, task: Task) -> None:
    """No new pods."""
    assert task.entry.cordon is not None, "its verb is cordon"
    patch(desk, task, meant(desk, task, task.entry.cordon, open_), membership.cordoned)


def uncordon(desk: Desk, task: Task) -> None:
    """New pods again."""
    assert task.entry.uncordon is not None, "its verb is uncordon"
    change = partial(membership.cordoned, unschedulable=False)
    patch(desk, task, meant(desk, task, task.entry.uncordon, closed), change)


def taint(desk: Desk, task: Task) -> None:
    """Taints come and go."""
    wanted = task.entry.taint
    assert wanted is not None, "its verb is taint"
    add = tuple(Taint(one.key, one.value, one.effect) for one in wanted.add)
    change = partial(membership.tainted, add=add, remove=tuple(wanted.remove))
    patch(desk, task, meant(desk, task, wanted.nodes), change)


def label(desk: Desk, task: Task) -> None:
    """Labels come and go."""
    wanted = task.entry.label
    assert wanted is not None, "its verb is label"
    target: Reference | None = wanted.object
    which = wanted.nodes
    if target is not None and target.kind == NODE:
        which = Nodes(names=[target.name])
    if which is None:
        assert target is not None, "either nodes or an object"
        objects.label_object(desk, task, target)
        return
    change = partial(membership.labelled, labels=wanted.labels, remove=tuple(wanted.remove))
    patch(desk, task, meant(desk, task, which), change)


def remove(desk: Desk, task: Task) -> None:
    """Delete nodes and turn their machines off, cordoned ones first."""
    assert task.entry.remove_nodes is not None, "its verb is removeNodes"
    for row in meant(desk, task, task.entry.remove_nodes, closed):
        remove_one(desk, task, desk.cluster.nodes.specs[row].name)


def remove_one(desk: Desk, task: Task, name: str) -> None:
    """One node by its name."""
    row = desk.cluster.nodes.row(name)
    if row is None:
        desk.refuse(task, shown(name), f'NotFound: nodes "{name}" not found')
        return
    line, cloud = desk.line(task, shown(name)), desk.world.cloud
    send = partial(desk.send, line, "DELETE", NODES, partial(membership.leave, desk.world, row))
    if cloud is None:
        send()
    else:
        cloud.terminate(name, then=send)


def add(desk: Desk, task: Task) -> None:
    """Machines start, and join when they have booted."""
    group = task.entry.add_nodes
    assert group is not None, "its verb is addNodes"
    loaded, world = desk.loaded, desk.world
    stem = stem_of(group)
    most = loaded.scenario.plane.kubelet.max_pods
    first = _taken(desk, stem)
    specs = node_specs([group], loaded.base, loaded.catalog, most, {stem: first})
    boots: Iterator[int] | None = None
    wanted: list[Machine] = []
    for count, spec in enumerate(specs, start=1):
        desk.numbers[stem] = first + count
        line = desk.line(task, shown(spec.name))
        if boots is None:
            boots = endless_us(world.streams.get(f"timeline/boot/{stem}"), spec.boot_us)
        boot_us = next(boots) if any(spec.boot_us) else 0

        def register(spec: NodeSpec = spec) -> bool:
            if desk.cluster.nodes.row(spec.name) is not None:
                return False
            membership.join(world, spec)
            return True

        wanted.append(Machine(spec.name, boot_us, partial(desk.register, line, NODES, register)))
    if world.cloud is not None:
        world.cloud.launch(wanted)
        return
    for machine in wanted:
        desk.boots.after(machine.boot_us, machine.begin)


def _taken(desk: Desk, stem: str) -> int:
    """Numbers of a group that were given away, those of nodes that are gone included."""
    taken = desk.numbers.get(stem, 0)
    for spec in desk.cluster.nodes.specs:
        group, _, number = spec.name.rpartition("-")
        if group == stem and number.isdecimal():
            taken = max(taken, int(number) + 1)
    return taken
