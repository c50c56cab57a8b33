"""set image, rollout undo, pause, resume, restart: changes of a pod template.

Law: each is a PATCH of the object; the new revision is its controller's.

Mirrors: kubectl set image, rollout (undo patches the template of an earlier revision into the
object; a paused Deployment is neither restarted nor rolled back; pausing twice changes nothing),
v1.36. Departs: the clock begins in 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from simk8s.api.refused import Refused, invalid
from simk8s.scenario.kinds import KINDS
from simk8s.scenario.references import Reference
from simk8s.simulation.editing import UNCHANGED, immutable, merged, spec_of, with_spec
from simk8s.simulation.timeline.desk import Desk, Task
from simk8s.state.deployments import DEPLOYMENTS, template_hash
from simk8s.state.makers import REVISIONS
from simk8s.state.workloads import REPLICASETS

Raw = Mapping[str, Any]
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
ALL = "*"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""Of a run's clock, as CronJobs have it."""


def set_image(desk: Desk, task: Task) -> None:
    """New images for containers, by their names."""
    wanted = task.entry.set_image
    assert wanted is not None, "its verb is setImage"
    target: Reference = wanted.object

    def change(value: Any) -> Any:
        spec = spec_of(value)
        steps = [str(step) for step in (KINDS[target.kind].template_at or ())[1:]]
        template: Any = spec
        for step in steps:
            template = template.get(step) or {}
        made = _with_images(template, wanted.images)
        if isinstance(made, Refused):
            return made
        for step in reversed(steps):
            made = {step: made}
        return _respecified(desk, task, target, value, merged(spec, made))

    desk.edit(task, target, change)


def _with_images(template: Raw, images: Mapping[str, str]) -> dict[str, Any] | Refused:
    pod: dict[str, Any] = dict(template.get("spec") or {})
    missing = dict.fromkeys(name for name in images if name != ALL)
    for listed in ("initContainers", "containers"):
        made = []
        for container in pod.get(listed) or ():
            name = str(container.get("name") or "")
            image = images.get(name, images.get(ALL))
            missing.pop(name, None)
            made.append(container if image is None else {**container, "image": image})
        if made:
            pod[listed] = made
    if missing:
        return invalid(f'unable to find container named "{next(iter(missing))}"', "")
    return {**template, "spec": pod}


def _respecified(desk: Desk, task: Task, target: Reference, value: Any, spec: Raw) -> Any:
    refused = immutable(target.kind, spec_of(value), spec)
    if refused is not None:
        return refused
    place = target.resource, target.key(task.entry.namespace)
    return with_spec(value, spec, partial(desk.restamp, place, value))


def pause(desk: Desk, task: Task) -> None:
    """A rollout stands still."""
    assert task.entry.rollout_pause is not None, "its verb is rolloutPause"
    desk.edit(task, task.entry.rollout_pause, partial(_paused, True))


def resume(desk: Desk, task: Task) -> None:
    """And goes on."""
    assert task.entry.rollout_resume is not None, "its verb is rolloutResume"
    desk.edit(task, task.entry.rollout_resume, partial(_paused, None))


def _paused(paused: bool | None, value: Any) -> Any:
    return with_spec(value, merged(spec_of(value), {"paused": paused}))


def restart(desk: Desk, task: Task) -> None:
    """Another annotation in the template makes another revision."""
    target = task.entry.rollout_restart
    assert target is not None, "its verb is rolloutRestart"
    stamp = (BEGINNING + timedelta(microseconds=task.now_us)).strftime("%Y-%m-%dT%H:%M:%SZ")
    patch = {"template": {"metadata": {"annotations": {RESTARTED_AT: stamp}}}}

    def change(value: Any) -> Any:
        if getattr(value, "paused", False):
            return invalid("can't restart paused deployment (run rollout resume first)", "")
        return with_spec(value, merged(spec_of(value), patch))

    desk.edit(task, target, change)


def undo(desk: Desk, task: Task) -> None:
    """The template of an earlier revision is patched into the object."""
    wanted = task.entry.rollout_undo
    assert wanted is not None, "its verb is rolloutUndo"
    target: Reference = wanted.object
    key = target.key(task.entry.namespace)

    def change(value: Any) -> Any:
        if getattr(value, "paused", False):
            return invalid("cannot rollback a paused deployment; resume it first", "")
        found = _sought(revisions(desk, target.resource, key), wanted.to_revision)
        if found is None:
            what = f"revision {wanted.to_revision}" if wanted.to_revision else "last revision"
            return Refused(404, "NotFound", f"unable to find {what} in history")
        if template_hash(found) == value.template_hash:
            return UNCHANGED
        return with_spec(value, {**spec_of(value), "template": found})

    desk.edit(task, target, change)


def _sought(known: Mapping[int, Raw], number: int) -> Raw | None:
    if number:
        return known.get(number)
    before = sorted(known, reverse=True)[1:2]
    return known[before[0]] if before else None


def revisions(desk: Desk, resource: str, key: str) -> dict[int, Raw]:
    """Templates of an object by the number of their revision."""
    if resource == DEPLOYMENTS:
        sets = (stored.value for _, stored in desk.store.objects(REPLICASETS).items())
        return {one.revision: one.template for one in sets if one.deployment == key}
    owner = f"{resource} {key}"
    every = (stored.value for _, stored in desk.store.objects(REVISIONS).items())
    return {one.number: one.template for one in every if one.owner == owner}
