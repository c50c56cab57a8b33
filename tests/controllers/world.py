"""A small cluster for controllers to live in: real clock, store, server, machines and kubelets,
and a scheduler that takes the emptiest node without taints.
"""

from __future__ import annotations

from types import SimpleNamespace

from simk8s import catalog
from simk8s.api.client import Client
from simk8s.api.server import INSTANT, ApiServer, Times
from simk8s.api.store import Store
from simk8s.api.watch import Verb
from simk8s.controllers._manager import SHIPPED, ControllerManager
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import Streams
from simk8s.nodes.kubelet import INSTANT_PODS, KubeletPool, PodTimes
from simk8s.nodes.machines import Machines
from simk8s.state.audit import audit
from simk8s.state.cluster import TERMINAL, Cluster
from simk8s.state.nodes import ZONE_LABEL, NodeSpec
from simk8s.state.pods import NEVER, Phase
from simk8s.state.resources import CPU, MEMORY, PODS
from simk8s.state.workloads import JOBS, REPLICASETS, Job, PodStamp, ReplicaSet

SECOND = 1_000_000
TEMPLATE = {"spec": {"containers": [{"resources": {"requests": {"cpu": "100m"}}}]}}


class EmptiestNode:
    """Binds what is pending; keeps the charges as the real scheduler does."""

    def __init__(self, clock, store, server):
        self.store, self.cluster = store, store.cluster
        self.client = Client(clock, server, "scheduler")
        self.waiting = {}
        bell = clock.bell("scheduler/informers", Order.DELIVER, self.hear)
        self.bell = clock.bell("scheduler", Order.SCHEDULE, self.schedule)
        self.pods, self.nodes = store.pods.subscribe(bell), store.nodes.subscribe(bell)

    def hear(self, now_us):
        for _, verb, pod in self.pods.drain(now_us):
            if verb is Verb.ADDED:
                self.waiting[pod] = None
            elif verb in (Verb.DELETED, Verb.ENDED):
                self.waiting.pop(pod, None)
                self.cluster.release(pod)
        self.nodes.drain(now_us)
        if self.waiting:
            self.bell.ring()

    def schedule(self, now_us):
        nodes = self.cluster.nodes
        open_nodes = [n for n in range(nodes.n) if nodes.exists[n] and not nodes.specs[n].taints]
        for pod in list(self.waiting):
            if not open_nodes:
                return
            node = min(open_nodes, key=lambda n: (len(nodes.pods_on[n]), n))
            del self.waiting[pod]
            self.cluster.charge(pod, node, 0)
            self.client.write(self.store.bind, pod, node)


class World:
    """See the module. `names` are controllers to run, by name or as (class, params)."""

    def __init__(self, names=SHIPPED, *, times=INSTANT, kubelets=INSTANT_PODS, throttled=True):
        self.clock, self.cluster = Clock(), Cluster()
        self.store = Store(self.clock, self.cluster, seed=1)
        self.server = ApiServer(self.clock, times)
        self.streams = Streams(1)
        self.machines = Machines(self.clock)
        client = Client(self.clock, self.server, "kubelet")
        self.kubelets = KubeletPool(
            self.clock,
            self.store,
            client,
            self.machines,
            self.streams.get("kubelet"),
            kubelets,
            times.watch_lag_us,
        )
        self.scheduler = EmptiestNode(self.clock, self.store, self.server)
        self.moments = []
        self.history = []
        self.manager = ControllerManager(
            self.clock,
            self.store,
            self.server,
            self.streams,
            times.watch_lag_us,
            lambda now_us, phase, node: self.moments.append((now_us, str(phase), node)),
            throttled,
        )
        for name in names:
            self.add(name)
        self._record()
        self._timers = self.clock.lane("test", Order.ARRIVE, lambda _, calls: [c() for c in calls])

    def add(self, name):
        """Run a controller: by name, or (class, params)."""
        if isinstance(name, str):
            made, params = catalog.resolve("controllers", name), None
            return self.manager.add(made, catalog.params_of("controllers", name)())
        made, params = name
        return self.manager.add(made, params)

    def _record(self):
        """Every change of pods and nodes with its instant, in `history`."""
        cursors = {}

        def take(now_us):
            for kind, cursor in cursors.items():
                self.history += [(t, kind, v, item) for t, v, item in cursor.drain(now_us)]

        bell = self.clock.bell("test/history", Order.DELIVER, take)
        cursors.update(
            pods=self.store.pods.subscribe(bell), nodes=self.store.nodes.subscribe(bell)
        )

    # --- what is in it

    def nodes(self, count, zone="", **fields):
        """Add nodes; their rows."""
        rows = []
        for _ in range(count):
            name = f"node-{self.cluster.nodes.n}"
            labels = {ZONE_LABEL: zone} if zone else {}
            amounts = {CPU: 64_000, MEMORY: 64 << 30, PODS: 500}
            row = self.store.add_node(NodeSpec(name, labels, amounts, **fields))
            self.kubelets.add(row)
            rows.append(row)
        return rows

    def stamp(self, name, template=TEMPLATE, lifetime_us=None):
        """What makes an owner's pods."""
        parsed = self.cluster.templates.parse(template, "default")
        lifetime = None
        if lifetime_us is not None:
            import numpy as np

            lifetime = lambda n: np.full(n, lifetime_us)  # noqa: E731
        owner = self.cluster.owner(name)
        return PodStamp(self.cluster, owner, self.cluster.workload(name), parsed, lifetime)

    def replicaset(self, replicas, name="web", **stamp):
        """Store a ReplicaSet; its key."""
        value = ReplicaSet.of({"replicas": replicas}, self.stamp(f"ReplicaSet/{name}", **stamp))
        assert self.store.objects(REPLICASETS).create(f"default/{name}", value)
        return f"default/{name}"

    def scale(self, key, replicas):
        """Change `spec.replicas`."""
        from dataclasses import replace

        table = self.store.objects(REPLICASETS)
        stored = table.get(key)
        assert table.update(key, replace(stored.value, replicas=replicas), stored.version)

    def job(self, name="work", lifetime_us=SECOND, template=None, **spec):
        """Store a Job; its key."""
        never = {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}
        stamp = self.stamp(f"Job/{name}", template=template or never, lifetime_us=lifetime_us)
        assert self.store.objects(JOBS).create(f"default/{name}", Job.of(spec, stamp))
        return f"default/{name}"

    # --- letting it live

    def at(self, t_us, call):
        """Do something at an instant."""
        self._timers.at(t_us, call)

    def run(self, until_us):
        """Let time pass, then recount."""
        reason = self.clock.run(until_us)
        audit(self.cluster)
        return reason

    # --- looking at it

    def status(self, kind, key):
        """What the controller reported."""
        return self.store.objects(kind).get(key).value.status

    def alive(self):
        """Pods that neither ended nor leave."""
        pods = self.cluster.pods
        return [
            pod
            for pod in range(len(pods))
            if pods.phase[pod] not in (*TERMINAL, Phase.UNBORN) and pods.deletion_us[pod] == NEVER
        ]

    def times(self, kind, verb, item=None):
        """Instants of changes, in order."""
        return [
            t for t, k, v, i in self.history if (k, v) == (kind, verb) and item in (None, i)
        ]

    def taints(self, node):
        """`key:effect` without the prefix."""
        return sorted(
            f"{t.key.rpartition('/')[2]}:{t.effect}" for t in self.cluster.nodes.specs[node].taints
        )


def runner_of(world, name):
    """Queue, client and measurements of one controller."""
    return next(r for r in world.manager.runners if r.name == name)


__all__ = ["PodTimes", "SECOND", "SimpleNamespace", "TEMPLATE", "Times", "World", "runner_of"]
