"""Containers crash at a rate, wherever they run.

Law: at each instant `count` running pods (or a `share` of them) are drawn from those that match;
all their app containers end with `exitCode` and are restarted, or not, by restartPolicy, after
their back-off. Who is hit depends on the order of pods, which is the same for every run.

Mirrors: processes that die by a bug of their own; kubelet v1.36 restart back-off. Departs: the
containers of a pod end together; pods that wait for a restart are not hit again.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simk8s.faults._kills import Kills, KillsWhen


class Params(KillsWhen):
    """`containerCrash: {every: {exponential: {mean: 10m}}, select: {labels: {app: web}}}`"""

    exit_code: int = Field(default=1, ge=1, le=255)


class ContainerCrash(Kills):
    """Crashing containers."""

    kind: ClassVar[str] = "containerCrash"

    def __init__(self, params: Params) -> None:
        super().__init__(params, params.exit_code, "Error")
