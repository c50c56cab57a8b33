"""L5: what somebody does to the cluster at an instant: the verbs of `timeline:` as methods.

Law: a verb adds one entry to the scenario's timeline and returns the scenario that has it; the
entry is plain data, checked by the scenario's schema like one that was written in the file.
Parameters that are left out are left out of the entry, so that defaults are the schema's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

from simk8s.python.plain import Duration, camel, duration
from simk8s.python.which import Which, nodes_of, spelled_out

if TYPE_CHECKING:
    from simk8s.python.scenario import Scenario

Manifest: TypeAlias = str | PathLike[str] | Mapping[str, Any]
"""A file, a folder or a glob, relative to the scenario's; or an object as plain data."""


def _given(**values: Any) -> dict[str, Any]:
    """Keys as a scenario spells them, without what was left out."""
    return {camel(key): value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class Moment:
    """When something is done: `scenario.at("1h")` or `scenario.every("10m")`.

    Objects are named as kubectl does, `deployment/web` or `deploy/web`. Nodes are one name, or
    conditions that all must be met: `names`, `selector` (`"pool=web"`), `zone`, `group` (of the
    scenario's nodes), and at most `count` of those.
    """

    when: Mapping[str, Any]
    add: Callable[[Mapping[str, Any]], Scenario]

    def _do(self, verb: str, value: Any, namespace: str | None = None) -> Scenario:
        space = {} if namespace is None else {"namespace": namespace}
        return self.add({**self.when, **space, verb: value})

    # --- objects

    def apply(self, *manifests: Manifest, namespace: str | None = None) -> Scenario:
        """Create or update objects."""
        return self._do("apply", list(manifests), namespace)

    def delete(self, *objects: str, namespace: str | None = None) -> Scenario:
        """Delete objects, `pod/web-3` or `deployment/web`."""
        return self._do("delete", list(objects), namespace)

    def scale(self, object: str, *, replicas: int, namespace: str | None = None) -> Scenario:
        """Set how many replicas there are to be (of a Job, its parallelism)."""
        return self._do("scale", {"object": object, "replicas": replicas}, namespace)

    def set_image(
        self, object: str, images: Mapping[str, str] | str, *, namespace: str | None = None
    ) -> Scenario:
        """Set images by container, or one image for all: a new revision, so a rollout."""
        by_container = {"*": images} if isinstance(images, str) else dict(images)
        return self._do("setImage", {"object": object, "images": by_container}, namespace)

    def rollout_undo(
        self, object: str, *, to_revision: int | None = None, namespace: str | None = None
    ) -> Scenario:
        """Go back to a revision, by default the one before."""
        value = object if to_revision is None else _given(object=object, to_revision=to_revision)
        return self._do("rolloutUndo", value, namespace)

    def rollout_pause(self, object: str, *, namespace: str | None = None) -> Scenario:
        """Changes of a paused Deployment start no rollout."""
        return self._do("rolloutPause", object, namespace)

    def rollout_resume(self, object: str, *, namespace: str | None = None) -> Scenario:
        """Go on with a paused Deployment."""
        return self._do("rolloutResume", object, namespace)

    def rollout_restart(self, object: str, *, namespace: str | None = None) -> Scenario:
        """Replace all pods, as the rollout strategy allows."""
        return self._do("rolloutRestart", object, namespace)

    # --- nodes

    @spelled_out
    def cordon(self, node: str | None = None, **which: Unpack[Which]) -> Scenario:
        """Nothing is scheduled onto these nodes any more."""
        return self._do("cordon", nodes_of(node, **which))

    @spelled_out
    def uncordon(self, node: str | None = None, **which: Unpack[Which]) -> Scenario:
        """These nodes take pods again."""
        return self._do("uncordon", nodes_of(node, **which))

    @spelled_out
    def drain(
        self,
        node: str | None = None,
        *,
        grace_period: Duration | None = None,
        timeout: Duration | None = None,
        parallel: int | None = None,
        ignore_daemon_sets: bool | None = None,
        force: bool | None = None,
        **which: Unpack[Which],
    ) -> Scenario:
        """Cordon nodes and evict their pods, as their disruption budgets allow."""
        value = _given(
            nodes=nodes_of(node, **which),
            grace_period=None if grace_period is None else duration(grace_period),
            timeout=None if timeout is None else duration(timeout),
            parallel=parallel,
            ignore_daemon_sets=ignore_daemon_sets,
            force=force,
        )
        return self._do("drain", value)

    @spelled_out
    def taint(
        self,
        node: str | None = None,
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        **which: Unpack[Which],
    ) -> Scenario:
        """Add taints (`"k=v:NoSchedule"`) to nodes and remove others (`"k:NoExecute"`)."""
        nodes = nodes_of(node, **which)
        return self._do(
            "taint", _given(nodes=nodes, add=list(add) or None, remove=list(remove) or None)
        )

    @spelled_out
    def label(
        self,
        node: str | None = None,
        *,
        set: Mapping[str, str] | None = None,
        remove: Iterable[str] = (),
        object: str | None = None,
        namespace: str | None = None,
        **which: Unpack[Which],
    ) -> Scenario:
        """Set and remove labels of nodes, or of an `object`."""
        nodes = nodes_of(node, **which) or None
        labels = None if set is None else dict(set)
        value = _given(nodes=nodes, object=object, set=labels, remove=list(remove) or None)
        return self._do("label", value, namespace)

    def add_nodes(self, profile: str | None = None, *, count: int, **group: Any) -> Scenario:
        """Nodes join: a group as in `nodes:` (`zones=["a"]`, `labels={…}`, `taints=[…]`, …)."""
        return self._do("addNodes", _given(profile=profile, count=count, **group))

    @spelled_out
    def remove_nodes(self, node: str | None = None, **which: Unpack[Which]) -> Scenario:
        """These nodes leave the cluster."""
        return self._do("removeNodes", nodes_of(node, **which))

    # --- arrivals

    def set_arrival_rate(
        self, workload: str, *, factor: float | None = None, rate: str | None = None
    ) -> Scenario:
        """From now on pods arrive so many times as often as at first, or at this rate."""
        return self._do("setArrivalRate", _given(workload=workload, factor=factor, rate=rate))
