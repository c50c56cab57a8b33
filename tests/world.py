"""A cluster built by hand for tests: nodes, templates, pods and a whole small control plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simk8s.api.client import Client
from simk8s.api.server import INSTANT, ApiServer, Times
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import Streams
from simk8s.nodes.kubelet import INSTANT_PODS, KubeletPool, PodTimes
from simk8s.nodes.machines import Machines
from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.record.recorder import Recorder
from simk8s.scheduler.scheduler import Scheduler
from simk8s.scheduler.timing import CycleTimes
from simk8s.schema.labels import ZONE_LABEL
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import Phase
from simk8s.state.resources import CPU, GPU, MEMORY, PODS
from simk8s.state.selectors import Taint
from simk8s.state.shapes import PodTemplate
from simk8s.strategies.base import Context, Strategy
from simk8s.strategies.kube_scheduler import KubeScheduler

GIB = 1 << 30
SECOND = 1_000_000


def node(
    name: str,
    cpu: int = 4_000,
    memory: int = 16 * GIB,
    *,
    pods: int = 110,
    zone: str = "a",
    taints: tuple[Taint, ...] = (),
    labels: Mapping[str, str] | None = None,
    gpus: int = 0,
    gpu_model: str = "",
    unschedulable: bool = False,
) -> NodeSpec:
    """A node spec with the usual defaults."""
    return NodeSpec(
        name=name,
        labels={ZONE_LABEL: zone, "kubernetes.io/hostname": name, **(labels or {})},
        allocatable={CPU: cpu, MEMORY: memory, PODS: pods, GPU: gpus * 1000},
        taints=taints,
        gpu_count=gpus,
        gpu_model=gpu_model,
        unschedulable=unschedulable,
    )


def pod_manifest(
    cpu: str | None = "100m",
    memory: str | None = "128Mi",
    *,
    priority: int = 0,
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """A PodTemplateSpec with one container."""
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v is not None}
    container = {"name": "main", "image": "app", "resources": {"requests": requests}}
    return {
        "metadata": dict(metadata or {}),
        "spec": {"containers": [container], "priority": priority, **spec},
    }


def add_pod(cluster: Cluster, template: PodTemplate, phase: Phase = Phase.PENDING) -> int:
    """One row."""
    workload = cluster.workload("test") if not cluster.workloads else 0
    rows = cluster.pods.extend(
        1,
        template=template.id,
        requests=template.requests.id,
        priority=template.priority,
        workload=workload,
        ordinal=len(cluster.pods),
        phase=phase,
        created_us=0 if phase != Phase.UNBORN else -1,
    )
    return rows.start


def query(cluster: Cluster, pod: int) -> Query:
    """What the scheduler would ask about a pod."""
    return Query(
        pod, cluster.template_of(pod), cluster.requests_of(pod), cluster.pods.priority[pod]
    )


@dataclass
class World:
    """A control plane with instant times unless told otherwise."""

    clock: Clock
    cluster: Cluster
    store: Store
    user: Client
    machines: Machines
    kubelets: KubeletPool
    scheduler: Scheduler
    recorder: Recorder

    def add_node(self, spec: NodeSpec) -> int:
        """Register a node with its machine."""
        row = self.store.add_node(spec)
        self.kubelets.add(row)
        return row

    def run(self, until_us: int) -> None:
        """Let time pass, and stand at `until_us` even if nothing is left to happen."""
        self.clock.bell("until", Order.SAMPLE, lambda now: None).ring_at(until_us)
        self.clock.run(until_us)

    def create(self, manifest: Mapping[str, Any], count: int = 1, lifetime_us: int = -1) -> range:
        """POST pods now."""
        template = self.cluster.templates.parse(manifest, "default")
        rows = range(len(self.cluster.pods), len(self.cluster.pods) + count)
        for _ in rows:
            pod = add_pod(self.cluster, template, Phase.UNBORN)
            self.cluster.pods.lifetime_us[pod] = lifetime_us
        self.user.write(self.store.create_pods, rows)
        return rows


def world(
    times: Times = INSTANT,
    pod_times: PodTimes = INSTANT_PODS,
    strategy: type[Strategy] = KubeScheduler,
    params: Any = None,
    cycle: CycleTimes | None = None,
    incremental: bool = True,
    qps: float = 0.0,
) -> World:
    """An empty cluster with a scheduler and kubelets."""
    clock, cluster, recorder, streams = Clock(), Cluster(), Recorder(), Streams(1)
    store, server, machines = Store(clock, cluster, 1), ApiServer(clock, times), Machines(clock)
    kubelets = KubeletPool(
        clock,
        store,
        Client(clock, server, "kubelet"),
        machines,
        streams.get("kubelet"),
        pod_times,
        times.watch_lag_us,
    )
    context = Context(View(cluster), streams.get("strategy"), incremental)
    events = Client(clock, server, "kube-scheduler/events", 50, 100)
    scheduler = Scheduler(
        clock,
        store,
        Client(clock, server, "kube-scheduler", qps, 100, events=events),
        strategy(params, context),
        recorder,
        cycle or CycleTimes(),
        times.watch_lag_us,
    )
    user = Client(clock, server, "user")
    return World(clock, cluster, store, user, machines, kubelets, scheduler, recorder)
