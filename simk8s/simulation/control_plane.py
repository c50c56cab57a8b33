"""From a scenario's `controlPlane` section to the settings of the components it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simk8s.api.etcd import EtcdTimes
from simk8s.api.server import Times
from simk8s.nodes.kubelet import PodTimes
from simk8s.scheduler.timing import CycleTimes

if TYPE_CHECKING:
    from simk8s.scenario.control.etcd import Etcd
    from simk8s.scenario.control.kubelet import Between
    from simk8s.scenario.control.plane import ControlPlane


def api_times(plane: ControlPlane) -> Times:
    """kube-apiserver and etcd."""
    server = plane.api_server
    return Times(
        replicas=server.replicas,
        cores=server.cores,
        fair=server.priority_and_fairness,
        seats=(server.max_requests_inflight, server.max_mutating_requests_inflight),
        cpu_factor=server.cpu_factor,
        service_us=server.service,
        dispatch_ns=(server.dispatch.event * 1_000, server.dispatch.watcher * 1_000),
        watch_lag_us=server.watch_lag,
        etcd=_etcd_times(plane.etcd),
    )


class ClientLimits(NamedTuple):
    """QPS and burst of clients that nobody else configures; no QPS = no limit."""

    kubelet: tuple[float, int]
    scheduler_events: tuple[float, int]
    user_in_flight: int


def client_limits(plane: ControlPlane) -> ClientLimits:
    """Token buckets of the components."""
    clients = plane.clients
    if not plane.throttling:
        return ClientLimits((0.0, 1), (0.0, 1), clients.user_in_flight)
    kubelet, events = clients.kubelet, clients.scheduler_events
    return ClientLimits(
        (kubelet.qps, kubelet.burst), (events.qps, events.burst), clients.user_in_flight
    )


def _etcd_times(etcd: Etcd) -> EtcdTimes:
    return EtcdTimes(
        members=etcd.members,
        round_trip_us=etcd.round_trip,
        fsync=(etcd.fsync.p50, etcd.fsync.p99),
        backend_commit=(etcd.backend_commit.p50, etcd.backend_commit.p99),
        apply_us=etcd.apply,
        quota_bytes=etcd.quota,
        max_batch=etcd.max_batch,
        election_us=(etcd.election.min, etcd.election.max),
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
