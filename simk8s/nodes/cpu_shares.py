"""Who gets how much CPU when a node's pods want more than it has: shares, weights, water-filling.

Law: nobody gets more than he wants, nothing is left while somebody wants more, and of two who want
more each has CPU by weight. The groups are those of kubelet: Guaranteed pods and the groups
`burstable` (weighing as much as its pods request) and `besteffort` (2 shares) side by side.

Mirrors: MilliCPUToShares, cpuSharesToCPUWeight of kubelet's cgroup v2 manager and the QoS cgroups
(pkg/kubelet/cm), v1.36; CFS/EEVDF bandwidth by weight. Departs: fractions of a milli-CPU go to
nobody; how threads fall on cores is not looked at, so a share is exact at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from simk8s.nodes.qos import Qos

MIN_SHARES, MAX_SHARES = 2, 262_144
Version = Literal["v1", "v2"]


def shares_of(request_milli: int) -> int:
    """cpu.shares of a request."""
    return min(max(request_milli * 1024 // 1000, MIN_SHARES), MAX_SHARES)


def weight_of(shares: int, version: Version = "v2") -> int:
    """What the kernel divides by: shares themselves (cgroup v1), or cpu.weight (v2)."""
    return shares if version == "v1" else (shares - 2) * 9999 // 262_142 + 1


def fill(wanted: Sequence[int], weights: Sequence[int], room: int) -> list[int]:
    """Water-filling: each gets what it wants or its share of what is left, in whole units."""
    granted = [0] * len(wanted)
    left, weight = room, sum(weights)
    # Whoever wants least for his weight is satisfied first.
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i] / weights[i], i))
    for i in order:
        granted[i] = min(wanted[i], left * weights[i] // weight)
        left -= granted[i]
        weight -= weights[i]
    return granted


def divide(
    wanted: Sequence[int],
    requests: Sequence[int],
    classes: Sequence[Qos],
    room: int,
    version: Version = "v2",
) -> list[int]:
    """What each pod gets, in milli-CPU."""
    if sum(wanted) <= room:
        return list(wanted)
    members: dict[Qos, list[int]] = {qos: [] for qos in Qos}
    for i, qos in enumerate(classes):
        members[qos].append(i)
    own = [weight_of(shares_of(request), version) for request in requests]
    first = members[Qos.GUARANTEED]
    groups = [members[Qos.BURSTABLE], members[Qos.BEST_EFFORT]]
    burstable = shares_of(sum(requests[i] for i in groups[0]))
    heavy = [*(own[i] for i in first), weight_of(burstable, version), weight_of(2, version)]
    asked = [*(wanted[i] for i in first), *(sum(wanted[i] for i in group) for group in groups)]
    given = fill(asked, heavy, room)
    granted = [0] * len(wanted)
    for place, i in enumerate(first):
        granted[i] = given[place]
    for group, amount in zip(groups, given[len(first) :], strict=True):
        parts = fill([wanted[i] for i in group], [own[i] for i in group], amount)
        for i, part in zip(group, parts, strict=True):
            granted[i] = part
    return granted
