"""From a scenario's `controlPlane` section to the settings of the components it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simk8s.api.server import Times
from simk8s.nodes.kubelet import PodTimes
from simk8s.scheduler.timing import CycleTimes

if TYPE_CHECKING:
    from simk8s.scenario.control.kubelet import Between
    from simk8s.scenario.control.plane import ControlPlane


def api_times(plane: ControlPlane) -> Times:
    """kube-apiserver and etcd."""
    server, etcd = plane.api_server, plane.etcd
    return Times(
        server.max_mutating_requests_inflight,
        server.service,
        etcd.fsync,
        etcd.round_trip,
        server.watch_lag,
    )


def pod_times(plane: ControlPlane) -> PodTimes:
    """Kubelets and runtimes."""
    return PodTimes(_pair(plane.kubelet.start), _pair(plane.kubelet.stop))


def cycle_times(plane: ControlPlane) -> CycleTimes:
    """kube-scheduler."""
    times = plane.scheduler
    return CycleTimes(
        times.base, times.per_node_ns, times.per_visit_ns, times.per_pod_ns, times.speed
    )


def _pair(between: Between) -> tuple[int, int]:
    return between.p50, between.p99
