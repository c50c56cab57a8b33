"""Priority levels and flow schemas: who queues where, and how seats are shared out.

Law: nominal seats are ceil(total × shares / all shares); allocated seats never fall below what a
level may not lend, grow with observed demand, and add up to the total (as far as whole seats can).

Mirrors: mandatory and suggested FlowSchemas and PriorityLevelConfigurations of kube-apiserver
v1.36 (flowcontrol/bootstrap), borrowing every 10 s. Departs: a flow is a client (a node for
kubelets), namespaces make no flows of their own; demand is seat time asked for in the last ten
seconds, in place of the smoothed envelope; borrowing begins from nominal seats when somebody
waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from simk8s.api.requests import RequestKind

BORROW_US = 10_000_000
_NODE_OWN = ("nodes/status", "leases", "nodes")


@dataclass(frozen=True, slots=True)
class Level:
    """A PriorityLevelConfiguration; `queues` 0 rejects who finds no seat."""

    name: str
    shares: int
    lendable_percent: int
    queues: int
    hand: int
    length: int = 50


LEVELS: tuple[Level, ...] = (
    Level("system", 30, 33, 64, 6),
    Level("node-high", 40, 25, 64, 6),
    Level("leader-election", 10, 0, 16, 4),
    Level("workload-high", 40, 50, 128, 6),
    Level("workload-low", 100, 90, 128, 6),
    Level("global-default", 20, 50, 128, 6),
    Level("catch-all", 5, 0, 0, 1),
)
EXEMPT = "exempt"
READ_ONLY, MUTATING = "readonly", "mutating"
"""The two limits that there are without priority and fairness."""


def nominal_seats(total: int, levels: Sequence[Level] = LEVELS) -> dict[str, int]:
    """Seats of each level before anybody borrows."""
    shares = sum(level.shares for level in levels)
    return {level.name: -(-total * level.shares // shares) for level in levels}


def widest(level: Level, nominal: int) -> int:
    """Most seats that one request may take."""
    return max(1, min(-(-nominal * 15 // 100), nominal // level.hand))


def allocate(total: int, least: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Fair shares of `total`: level i gets max(least, its demand × one common factor)."""
    floor = [max(1, each) for each in least]
    weights = [max(1, each) for each in wanted]
    # The common factor as a fraction total_left / weight_left: levels below their floor drop out.
    given: list[int | None] = [None] * len(floor)
    while True:
        left = total - sum(each for each in given if each is not None)
        weight = sum(w for w, g in zip(weights, given, strict=True) if g is None)
        short = [
            i for i, w in enumerate(weights) if given[i] is None and w * left < floor[i] * weight
        ]
        if not short:
            break
        for i in short:
            given[i] = floor[i]
    return [
        max(floor[i], w * left // weight) if g is None else g
        for i, (w, g) in enumerate(zip(weights, given, strict=True))
    ]


def level_of(client: str, kind: RequestKind) -> str:
    """The level of a client's requests by the name it authenticates with."""
    if client.startswith("system:masters"):
        return EXEMPT
    if client.startswith("kubelet"):
        return "node-high" if kind.resource in _NODE_OWN else "system"
    if client.startswith(_WORKLOAD_HIGH):
        elects = kind.resource == "leases" and kind.verb in ("GET", "POST", "PUT")
        return "leader-election" if elects else "workload-high"
    if client.startswith("serviceaccount/"):
        return "workload-low"
    return "catch-all" if client.startswith("system:anonymous") else "global-default"


_WORKLOAD_HIGH = (
    "kube-scheduler",
    "kube-controller-manager",
    "controller/",
    "cloud-controller-manager",
    "kube-system/",
    "coredns",
    "kube-proxy",
)


def flow_hash(name: str, row: int = -1) -> int:
    """The hash that deals a flow its queues; the same in every run."""
    text = name if row < 0 else f"{name}/{row}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
