"""Pods that the driver asks for by name, found in a run where some of them have other names.

Law: a pod is meant by its name if one has it; else it stands in for it a pod of the same group
(what is at the top of its owners), on the same node if there is one, that is not leaving yet, the
oldest first. The choice depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simk8s.simulation.build import World
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import GONE, NEVER, UNBORN

GroupOf = Callable[[int], str]


class StandIns:
    """Pods of a world by the names of a recording."""

    def __init__(
        self, world: World, recorded: Mapping[str, tuple[str, str]], group_of: GroupOf
    ) -> None:
        self._cluster = world.cluster
        self._recorded = recorded
        self._group_of = group_of

    def find(self, key: str) -> int | None:
        """The pod that `namespace/name` stands for."""
        pods, name = self._cluster.pods, key.rpartition("/")[2]
        for pod, given in pods.names.items():
            if given == name and pods.phase[pod] not in (UNBORN, GONE):
                return pod
        group, node = self._recorded.get(key, ("", ""))
        if not group or group.startswith("Pod "):
            return None
        row = self._cluster.nodes.row(node) if node else None
        alike = self._staying(group)
        return next((pod for pod in alike if pods.node[pod] == row), alike[0] if alike else None)

    def _staying(self, group: str) -> list[int]:
        pods = self._cluster.pods
        return [
            pod
            for pod in range(len(pods.phase))
            if pods.owner[pod] != NEVER
            and pods.phase[pod] not in (UNBORN, GONE, *TERMINAL)
            and pods.deletion_us[pod] == NEVER
            and self._group_of(pod) == group
        ]

    def selected(self, namespace: str, selector: str) -> list[int]:
        """Pods of a namespace with the labels `a=b,c=d`."""
        wanted = [pair.partition("=")[::2] for pair in selector.replace("==", "=").split(",")]
        pods, found = self._cluster.pods, []
        for pod in range(len(pods.phase)):
            if pods.phase[pod] in (UNBORN, GONE):
                continue
            template = self._cluster.template_of(pod)
            fits = all(not key or template.labels.get(key) == value for key, value in wanted)
            if template.namespace == namespace and fits:
                found.append(pod)
        return found
