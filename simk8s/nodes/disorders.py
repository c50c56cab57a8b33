"""What can be wrong with nodes that are up: cut off, hanging, slow, robbed of their memory.

Law: disorders overlap; each ends with the last fault behind it. While a node is cut off its kubelet
hears nothing (`miss`), what it would send is kept in order (`Held`) and its lease is not renewed.
A kubelet that hangs is cut off, and its timers wait as well (`stall`). A cluster without disorders
pays one look at an empty dict for each client that is asked for.

Mirrors: kubelet v1.36 against a kube-apiserver that it cannot reach: pods run on, the status
manager reports when it can again and reconciles readiness that others took away. Departs: every
held status is sent, where the original sends the latest; events and GETs of that time are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from simk8s.api.client import Client
from simk8s.api.ports import Done, Operation
from simk8s.api.requests import RequestKind, kind_of
from simk8s.kernel.lane import Lane
from simk8s.state.pods import NEVER, RUNNING, PodTable

WHOLE = 1_000


class Sender(Protocol):
    """What a kubelet sends through."""

    def write(self, op: Operation, *args: Any, done: Done | None = None) -> int: ...

    def note(self, kind: RequestKind, count: int = 1) -> None: ...


class Held:
    """The client of a kubelet that reaches nobody."""

    def __init__(self, ready: dict[int, bool]) -> None:
        self._writes: list[tuple[Operation, tuple[Any, ...], Done | None]] = []
        self._ready = ready
        """Pods of the node as it was cut off, and whether its kubelet knew them to be ready."""

    def write(self, op: Operation, *args: Any, done: Done | None = None) -> int:
        """Kept for later."""
        self._writes.append((op, args, done))
        if kind_of(op).resource.startswith("pods") and args[0] in self._ready:
            del self._ready[args[0]]  # what is held says how it is
        return NEVER

    def note(self, kind: RequestKind, count: int = 1) -> None:
        """Nobody waits for it, and it is lost."""

    def forget(self) -> None:
        """The kubelet has died with what it knew of pods; its next one reports the node anew."""
        kept = [one for one in self._writes if kind_of(one[0]).resource.startswith("nodes")]
        self._writes = kept
        self._ready.clear()

    def send(self, client: Client, pods: PodTable, set_ready: Operation) -> None:
        """Everything in order, then the readiness that others have taken away."""
        for op, args, done in self._writes:
            client.write(op, *args, done=done)
        for pod, ready in self._ready.items():
            alive = pods.phase[pod] == RUNNING and pods.deletion_us[pod] == NEVER
            if ready and alive and not pods.ready[pod]:
                client.write(set_ready, pod, True, pods.epoch[pod])


class Disorders:
    """The disorders of all nodes; rows are node rows."""

    def __init__(self) -> None:
        self.cut: dict[int, Held] = {}
        self.hung: dict[int, int] = {}
        """Faults by node."""
        self.slow: dict[int, int] = {}
        """Thousandths of the usual times, where they are others."""
        self.hogged: dict[int, int] = {}
        """Bytes of memory that something which is no pod uses: for models of memory use."""
        self.unbooted: dict[int, None] = {}
        """Machines that came back while they were cut off: their kubelets know of no pod yet."""
        self._cuts: dict[int, int] = {}
        self._factors: dict[int, list[int]] = {}
        self._missed: dict[int, dict[int, None]] = {}
        self._stalled: dict[int, list[tuple[Lane, Any]]] = {}

    # --- cut off

    def cut_off(self, row: int, ready: dict[int, bool]) -> bool:
        """One more fault cuts a node off; whether it is the first."""
        self._cuts[row] = self._cuts.get(row, 0) + 1
        if row in self.cut:
            return False
        self.cut[row] = Held(ready)
        return True

    def reconnect(self, row: int) -> Held | None:
        """One of them is over; what was held if it was the last."""
        self._cuts[row] -= 1
        if self._cuts[row]:
            return None
        del self._cuts[row]
        return self.cut.pop(row)

    def miss(self, row: int, pod: int) -> None:
        """Something was written for a pod of a node that does not hear of it."""
        self._missed.setdefault(row, {})[pod] = None

    def missed(self, row: int) -> list[int]:
        """Pods that it has to be told of; forgets them."""
        return list(self._missed.pop(row, ()))

    def crashed(self, row: int) -> None:
        """Whatever its kubelet knew is gone."""
        self.unbooted.pop(row, None)
        self._missed.pop(row, None)
        self._stalled.pop(row, None)
        if row in self.cut:
            self.cut[row].forget()

    # --- hanging

    def hang(self, row: int) -> None:
        """One more fault stops a kubelet."""
        self.hung[row] = self.hung.get(row, 0) + 1

    def wake(self, row: int) -> list[tuple[Lane, Any]]:
        """One of them is over; the timers to be handed over if it was the last."""
        self.hung[row] -= 1
        if self.hung[row]:
            return []
        del self.hung[row]
        return self._stalled.pop(row, [])

    def stall(self, lane: Lane, items: list[Any], node_of: Callable[[Any], int]) -> list[Any]:
        """Items of kubelets that live; the others wait."""
        if not any(node_of(item) in self.hung for item in items):
            return items
        left = []
        for item in items:
            node = node_of(item)
            if node in self.hung:
                self._stalled.setdefault(node, []).append((lane, item))
            else:
                left.append(item)
        return left

    # --- slow, robbed

    def slow_down(self, row: int, thousandths: int) -> int:
        """One more fault makes a node slow; how slow it is now."""
        self._factors.setdefault(row, []).append(thousandths)
        return self._slowness(row)

    def speed_up(self, row: int, thousandths: int) -> int:
        """One of them is over."""
        self._factors[row].remove(thousandths)
        return self._slowness(row)

    def _slowness(self, row: int) -> int:
        total = product(self._factors[row])
        if total == WHOLE:
            self.slow.pop(row, None)
        else:
            self.slow[row] = total
        return total

    def hog(self, row: int, more_bytes: int) -> None:
        """So much more memory is gone (or less, below zero)."""
        left = self.hogged.get(row, 0) + more_bytes
        if left:
            self.hogged[row] = left
        else:
            self.hogged.pop(row, None)


def product(factors: Iterable[int]) -> int:
    """Thousandths multiplied, in integers."""
    total, whole = 1, 1
    for factor in factors:
        total *= factor
        whole *= WHOLE
    return total * WHOLE // whole
