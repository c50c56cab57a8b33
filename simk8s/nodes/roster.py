"""Which pods the kubelets have heard of, by node.

Law: pods of a node come in the order in which its kubelet heard of them. They are filed by node
when somebody asks, so that a pod nobody ever asks about costs one number in a list.
"""

from __future__ import annotations

from array import array

from simk8s.state.pods import PENDING, RUNNING, PodTable


class Roster:
    """Of all nodes; keep `hear` in a local."""

    def __init__(self, pods: PodTable) -> None:
        self._pods = pods
        self._on: list[dict[int, None]] = []
        self._heard = array("i")  # not filed yet
        self.hear = self._heard.append
        """A kubelet has heard of a pod that is bound to its node."""

    def __len__(self) -> int:
        return len(self._on)

    def add(self) -> None:
        """One more node."""
        self._on.append({})

    def of(self, row: int) -> dict[int, None]:
        """All that a node's kubelet has heard of; those that have ended may be among them."""
        if self._heard:
            nodes, on = self._pods.node, self._on
            for pod in self._heard:
                on[nodes[pod]][pod] = None
            del self._heard[:]
        return self._on[row]

    def live(self, row: int) -> list[int]:
        """Those that have not ended; the others are forgotten."""
        phases, there = self._pods.phase, self.of(row)
        live = [pod for pod in there if phases[pod] in (PENDING, RUNNING)]
        if len(live) < len(there):
            self._on[row] = dict.fromkeys(live)
        return live

    def forget(self, pod: int, row: int) -> None:
        """It has ended, or was refused."""
        self.of(row).pop(pod, None)
