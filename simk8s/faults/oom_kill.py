"""The kernel kills containers for want of memory, at a rate.

Law: as `containerCrash`, with exit code 137 and the reason OOMKilled.

Mirrors: the OOM killer within a container's cgroup (memory.oom.group, v1.36). Departs: who is
killed is drawn; a model of memory use decides for itself.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.faults._kills import Kills, KillsWhen

SIGKILL = 137


class Params(KillsWhen):
    """`oomKill: {every: {exponential: {mean: 1h}}, select: {namespaces: [shop]}}`"""


class OomKill(Kills):
    """Containers killed for want of memory."""

    kind: ClassVar[str] = "oomKill"

    def __init__(self, params: Params) -> None:
        super().__init__(params, SIGKILL, "OOMKilled")
