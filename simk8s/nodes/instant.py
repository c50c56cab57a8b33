"""Fake kubelets whose pods start at once: from hearing of a binding to the status in one frame.

Law: what `_hear` and `_ended` of the pool do for a pod that starts, ends and does nothing else, on
a node that is well. Any other pod goes the general way, and all pods do while anything is amiss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simk8s.api.watch import BOUND, DELETING
from simk8s.state.pods import NEVER, PENDING, RUNNING, SUCCEEDED

if TYPE_CHECKING:
    from simk8s.nodes.kubelet import KubeletPool


def delivering(pool: KubeletPool) -> Callable[[int], None]:
    """What stands in for the pool's `_deliver`."""
    drain, hear, disorders = pool._pods.drain, pool._hear, pool.disorders
    odd = (*pool._memories, disorders.cut, disorders.hung, disorders.slow)
    faults, quiet, known = pool._machines.faults, pool._lives.quiet, pool.roster.hear
    report, end_at = pool._report, pool._ends.at
    pods = pool._table
    phases, nodes, epochs, templates = pods.phase, pods.node, pods.epoch, pods.template
    seen_us, pulled_us, started_us = pods.seen_us, pods.pulled_us, pods.started_us
    deletion_us, lifetime_us = pods.deletion_us, pods.lifetime_us

    def deliver(now_us: int) -> None:
        amiss = any(odd)
        for _, verb, pod in drain(now_us):
            if (
                verb is BOUND
                and not amiss
                and templates[pod] in quiet
                and not faults[nodes[pod]]
                and phases[pod] == PENDING
                and deletion_us[pod] == NEVER
            ):
                known(pod)
                seen_us[pod] = pulled_us[pod] = started_us[pod] = now_us
                epoch, lasts_us = epochs[pod], lifetime_us[pod]
                if lasts_us >= 0:
                    end_at(now_us + lasts_us, (pod, epoch))
                report(pod, RUNNING, epoch)
            elif amiss or verb is BOUND or verb is DELETING:
                hear(verb, pod, now_us)

    return deliver


def ending(pool: KubeletPool) -> Callable[[int, list[tuple[int, int]]], None]:
    """What stands in for the pool's `_ended`."""
    ended, report = pool._ended, pool._report
    cut, hung = pool.disorders.cut, pool.disorders.hung
    epochs, deletion_us = pool._table.epoch, pool._table.deletion_us

    def end(now_us: int, timers: list[tuple[int, int]]) -> None:
        if cut or hung:
            ended(now_us, timers)
            return
        for pod, epoch in timers:
            if epochs[pod] == epoch and deletion_us[pod] == NEVER:
                report(pod, SUCCEEDED, epoch)

    return end
