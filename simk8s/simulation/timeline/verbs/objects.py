"""apply, delete, scale; and the labels of what is no node.

Law: an apply creates what is not there and patches what is; a deletion deletes the object, its
dependents are the garbage collector's.

Mirrors: kubectl apply (client side), delete with propagation Background, scale, label, v1.36.
Departs: a pod that exists is not changed; of labels only those of namespaces have an effect; what a
scenario's workload has written counts as applied; `delete` does not wait.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from simk8s.api.namespaces import NAMESPACES, delete_namespace
from simk8s.api.refused import Refused
from simk8s.scenario.references import NODE, Reference
from simk8s.schema.enums import ActionOutcome
from simk8s.simulation.editing import (
    UNCHANGED,
    immutable,
    merged,
    rewritten,
    spec_of,
    three_way,
    with_spec,
)
from simk8s.simulation.objects import PLAIN
from simk8s.simulation.timeline.desk import Desk, Place, Task, place_of
from simk8s.simulation.timeline.log import Line
from simk8s.simulation.timeline.verbs import nodes
from simk8s.state.pods import GONE, UNBORN
from simk8s.state.policies import IMMORTAL, Namespace
from simk8s.workload.entry import Created

PODS = "pods"


def apply(desk: Desk, task: Task) -> None:
    """Create or update each object."""
    for made in desk.applied[task.index]:
        target, place = Reference(made.kind, made.name), place_of(made)
        namespace = made.namespace if "/" in place[1] else None
        line = desk.line(task, str(target), namespace)
        desk.ask(partial(_apply, desk, line, place, made))


def _apply(desk: Desk, line: Line, place: Place, made: Created) -> bool:
    """One object, as a step: whether a request is made."""
    if made.kind == "Pod":
        return _apply_pod(desk, line, made)
    if desk.store.objects(place[0]).get(place[1]) is None:
        return _create(desk, line, place, made)
    change = partial(_update, desk, place, made)
    return desk.write(line, "PATCH", place[0], partial(desk.patch, *place, change))


def _create(desk: Desk, line: Line, place: Place, made: Created) -> bool:
    table, key, value = desk.writer.record_of(made)

    def create() -> Any:
        stored = desk.store.objects(table).create(key, value)
        if stored is False:
            return Refused(409, "AlreadyExists", f'{table} "{made.name}" already exists')
        if stored:
            desk.remember(place, made)
        return stored

    return desk.write(line, "POST", table, create)


def _update(desk: Desk, place: Place, made: Created, value: Any) -> Any:
    """The record of an object after another apply."""
    if made.kind in PLAIN or made.kind == "PodGroup":
        fresh = rewritten(made.kind, value, made.spec, made.namespace, made.name)
    else:
        before = spec_of(value)
        spec = merged(before, three_way(desk.last.get(place, {}), made.spec))
        refused = immutable(made.kind, before, spec)
        if refused is not None:
            return refused
        fresh = with_spec(value, spec, partial(desk.restamp, place, value))
    if not isinstance(fresh, Refused):
        desk.last[place] = made.spec
        desk.made.setdefault(place, made)
    return fresh


def _apply_pod(desk: Desk, line: Line, made: Created) -> bool:
    present = pod_of(desk, made.namespace, made.name)
    if present is not None:
        template = desk.cluster.templates.parse(made.template, made.namespace)
        same = template is desk.cluster.template_of(present)
        words = "a pod that exists is not changed here: delete it first"
        outcome = ActionOutcome.UNCHANGED if same else ActionOutcome.REFUSED
        line.end(desk.world.clock.now_us, outcome, None if same else words)
        return False
    (row,) = desk.writer.stamp(made)(1)
    desk.cluster.pods.names[row] = made.name
    return desk.write(line, "POST", PODS, partial(desk.store.create_pods, (row,)))


def pod_of(desk: Desk, namespace: str, name: str) -> int | None:
    """The pod of that name, if there is one."""
    cluster = desk.cluster
    templates = [one.namespace == namespace for one in cluster.templates.items]
    for pod, phase in enumerate(cluster.pods.phase):
        if phase in (UNBORN, GONE) or not templates[cluster.pods.template[pod]]:
            continue
        if cluster.name_of(pod) == name:
            return pod
    return None


def delete(desk: Desk, task: Task) -> None:
    """DELETE each object, propagation Background."""
    for target in task.entry.delete or ():
        key = target.key(task.entry.namespace)
        if target.kind == NODE:
            nodes.remove_one(desk, task, target.name)
            continue
        line = desk.line(task, str(target), task.entry.namespace if "/" in key else None)
        act = partial(_delete, desk, target, key)
        desk.send(line, "DELETE", target.resource, act)


def _delete(desk: Desk, target: Reference, key: str) -> Any:
    missing = Refused(404, "NotFound", f'{target.resource} "{target.name}" not found')
    if target.kind == "Pod":
        pod = pod_of(desk, key.partition("/")[0], target.name)
        return missing if pod is None else desk.store.delete_pod(pod) or missing
    if target.resource == NAMESPACES:
        if target.name in IMMORTAL:
            words = f'namespaces "{target.name}" is forbidden: this namespace may not be deleted'
            return Refused(403, "Forbidden", words)
        stored = desk.store.objects(NAMESPACES).get(key)
        if stored is not None and stored.value.terminating:
            return UNCHANGED
        return delete_namespace(desk.store, key) or missing
    deleted = desk.store.objects(target.resource).delete(key)
    if not deleted:
        return missing
    desk.made.pop((target.resource, key), None)
    desk.last.pop((target.resource, key), None)
    return True


def scale(desk: Desk, task: Task) -> None:
    """Set replicas; of a Job, its parallelism."""
    wanted = task.entry.scale
    assert wanted is not None, "its verb is scale"
    target: Reference = wanted.object
    of_job = target.kind == "Job"
    patch = {"parallelism" if of_job else "replicas": wanted.replicas}

    def change(value: Any) -> Any:
        return with_spec(value, merged(spec_of(value), patch))

    desk.edit(task, target, change, "" if of_job else "scale")


def label_object(desk: Desk, task: Task, target: Reference) -> None:
    """Of what is no node."""
    wanted = task.entry.label
    assert wanted is not None, "its verb is label"
    if target.kind == "Pod":
        words = "the labels of a pod that exists are not changed here"
        desk.refuse(task, str(target), words, task.entry.namespace)
        return

    if target.resource != NAMESPACES:
        _touch(desk, task, target)
        return

    def change(value: Namespace) -> Namespace:
        left = {k: v for k, v in value.labels.items() if k not in wanted.remove}
        return Namespace(value.name, {**left, **wanted.labels}, value.terminating)

    desk.edit(task, target, change)


def _touch(desk: Desk, task: Task, target: Reference) -> None:
    """Labels that nothing reads: the object is written, that is all."""
    key = target.key(task.entry.namespace)
    line = desk.line(task, str(target), task.entry.namespace if "/" in key else None)
    line.detail = f"nothing reads the labels of a {target.kind}"

    def write() -> Any:
        table = desk.store.objects(target.resource)
        stored = table.get(key)
        if stored is None:
            return Refused(404, "NotFound", f'{target.resource} "{target.name}" not found')
        return table.update(key, stored.value, stored.version)

    desk.send(line, "PATCH", target.resource, write)
