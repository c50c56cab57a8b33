"""From a scenario's `controlPlane` section to the settings of the components it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from simk8s.api.etcd import EtcdTimes
from simk8s.api.server import Times
from simk8s.nodes.settings import (
    RUNTIMES,
    KubeletSettings,
    PodTimes,
    Registry,
    RuntimeTimes,
    even_layers,
)
from simk8s.nodes.settings import Image as Contents
from simk8s.scheduler.timing import CycleTimes
from simk8s.state.images import normal_name

if TYPE_CHECKING:
    from simk8s.scenario.control.etcd import Etcd
    from simk8s.scenario.control.kubelet import Between
    from simk8s.scenario.control.plane import ControlPlane
    from simk8s.scenario.control.registry import Image, ImageRegistry
    from simk8s.scenario.control.runtime import ContainerRuntime


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
        neighbours_us=server.neighbours,
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


def kubelet_settings(plane: ControlPlane, images: Mapping[str, Image]) -> KubeletSettings:
    """Kubelets, runtimes and the registry."""
    own, fake = plane.kubelet, plane.kubelet.fake
    return KubeletSettings(
        fake=None if fake is None else PodTimes(_pair(fake.start), _pair(fake.stop)),
        runtime=_runtime(plane.runtime),
        admit=_pair(own.admit),
        mount=_pair(own.mount),
        volume_poll_us=own.volume_poll_period,
        pleg_period_us=own.pleg_relist_period,
        housekeeping_us=own.housekeeping_period,
        status_us=own.status_sync,
        serialize_image_pulls=own.serial,
        max_parallel_image_pulls=own.max_parallel_image_pulls or 0,
        registry_pull_qps=own.registry_pull_qps,
        registry_burst=own.registry_burst,
        image_gc_high_percent=own.image_gc_high_threshold_percent,
        image_gc_low_percent=own.image_gc_low_threshold_percent,
        image_minimum_gc_age_us=own.image_minimum_gc_age,
        image_gc_period_us=own.image_gc_period,
        max_container_restart_us=own.crash_loop_back_off.max_container_restart_period,
        node_status_us=own.node_status_update_frequency,
        registry=_registry(plane.registry, images),
    )


def _runtime(chosen: ContainerRuntime) -> RuntimeTimes:
    named = RUNTIMES[chosen.name]
    added = chosen.per_concurrent
    return RuntimeTimes(
        named.sandbox if chosen.sandbox is None else _pair(chosen.sandbox),
        named.per_concurrent_us if added is None else added,
        named.start if chosen.start is None else _pair(chosen.start),
        named.stop if chosen.stop is None else _pair(chosen.stop),
    )


def _registry(own: ImageRegistry, images: Mapping[str, Image]) -> Registry:
    limit = own.pull_limit
    listed = {normal_name(name): _image(normal_name(name), i, own) for name, i in images.items()}
    return Registry(
        images=listed,
        unlisted_size=own.unlisted.size,
        unlisted_layers=own.unlisted.layers,
        unlisted_preloaded=own.unlisted.preloaded,
        latency_us=own.latency,
        layer_bytes_per_s=own.layer_bandwidth,
        parallel_layers=own.parallel_layers,
        node_bytes_per_s=own.node_bandwidth,
        total_bytes_per_s=own.bandwidth,
        expansion_percent=own.expansion_percent,
        unpack_bytes_per_s=own.unpack_bandwidth,
        pull_limit=0 if limit is None else limit.pulls,
        pull_window_us=1 if limit is None else limit.per,
    )


def _image(name: str, image: Image, registry: ImageRegistry) -> Contents:
    if isinstance(image.layers, int):
        layers = even_layers(name, image.size or registry.unlisted.size, image.layers)
    else:
        layers = tuple((layer.digest, layer.size) for layer in image.layers)
    return Contents(layers, image.preloaded, image.exists)


def cycle_times(plane: ControlPlane) -> CycleTimes:
    """kube-scheduler."""
    times = plane.scheduler
    return CycleTimes(
        times.base,
        times.per_node_ns,
        times.per_visit_ns,
        times.per_pod_ns,
        times.speed,
        times.cores,
    )


def _pair(between: Between) -> tuple[int, int]:
    return between.p50, between.p99
