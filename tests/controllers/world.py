"""A small cluster for controllers to live in: real clock, store, server, machines and kubelets,
and a scheduler that takes the emptiest node without taints.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simk8s import catalog
from simk8s.api.client import Client
from simk8s.api.server import INSTANT, ApiServer
from simk8s.api.store import Store
from simk8s.api.watch import Verb
from simk8s.controllers._manager import SHIPPED, ControllerManager
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import Streams
from simk8s.nodes.kubelet import INSTANT_PODS, KubeletPool, PodTimes
from simk8s.nodes.machines import Machines
from simk8s.schema.labels import ZONE_LABEL
from simk8s.state.audit import audit
from simk8s.state.budgets import BUDGETS, DisruptionBudget
from simk8s.state.cluster import TERMINAL, Cluster
from simk8s.state.deployments import DEPLOYMENTS, Deployment
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import NEVER, Phase
from simk8s.state.quota import Quota
from simk8s.state.resources import CPU, MEMORY, PODS
from simk8s.state.workloads import JOBS, REPLICASETS, Job, PodStamp, ReplicaSet
from tests.steady import steady

__all__ = (
    "INSTANT",
    "INSTANT_PODS",
    "KEPT",
    "NEXT",
    "SECOND",
    "TEMPLATE",
    "PodTimes",
    "Times",
    "World",
)

SECOND = 1_000_000
Times = steady
"""Latencies for controllers to live with: constants, so that tests can count."""
TEMPLATE = {"spec": {"containers": [{"resources": {"requests": {"cpu": "100m"}}}]}}
NEXT = {"spec": {"containers": [{"image": "next", **TEMPLATE["spec"]["containers"][0]}]}}
KEPT = {"metadata": {"labels": {"app": "kept"}}, **TEMPLATE}
NEVER_RESTARTED = {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}


class EmptiestNode:
    """Binds what is pending; keeps the charges as the real scheduler does."""

    def __init__(self, clock, store, server):
        self.store, self.cluster = store, store.cluster
        self.client = Client(clock, server, "scheduler")
        self.waiting = {}
        self.pinned = store.cluster.pods.pinned
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
        usable = [n for n in range(nodes.n) if nodes.exists[n] and not nodes.specs[n].taints]
        for pod in list(self.waiting):
            if self.cluster.pods.charged[pod] != NEVER:
                del self.waiting[pod]
                continue
            if pod in self.pinned:
                del self.waiting[pod]
                self.place(pod, self.pinned[pod])
                continue
            if not usable:
                return
            node = min(usable, key=lambda n: (len(nodes.pods_on[n]), n))
            del self.waiting[pod]
            self.place(pod, node)

    def place(self, pod, node):
        self.cluster.charge(pod, node, 0)
        self.client.write(self.store.bind, pod, node)


class World:
    """See the module. `names` are controllers to run: names of the catalogue, or (class, params).

    `history` has every change of pods and nodes as (time, kind, verb, row), `moments` what the
    control plane noticed, as (time, phase, node row).
    """

    def __init__(self, names=SHIPPED, *, times=INSTANT, kubelets=INSTANT_PODS, throttled=True):
        self.clock, self.cluster, self.streams = Clock(), Cluster(), Streams(1)
        self.store = Store(self.clock, self.cluster, seed=1)
        self.server = ApiServer(self.clock, times)
        self.machines = Machines(self.clock)
        self.kubelets = KubeletPool(
            self.clock,
            self.store,
            Client(self.clock, self.server, "kubelet"),
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
        self.runners = {}
        for name in names:
            self.add(name)
        self._record()
        self._timers = self.clock.lane("test", Order.ARRIVE, lambda _, calls: [c() for c in calls])

    def add(self, name):
        """Run a controller: by name, or (class, params)."""
        made = catalog.resolve("controllers", name) if isinstance(name, str) else name[0]
        params = catalog.params_of("controllers", name)() if isinstance(name, str) else name[1]
        runner = self.runners[made.name] = self.manager.add(made, params)
        return runner

    def _record(self):
        cursors = {}

        def take(now_us):
            for kind, cursor in cursors.items():
                self.history += [(t, kind, v, item) for t, v, item in cursor.drain(now_us)]

        bell = self.clock.bell("test/history", Order.DELIVER, take)
        cursors.update(pods=self.store.pods.subscribe(bell), nodes=self.store.nodes.subscribe(bell))

    # --- what is in it

    def nodes(self, count, zone="", **fields):
        """Add nodes; their rows."""
        return [self._node(zone, **fields) for _ in range(count)]

    def _node(self, zone, **fields):
        labels = {ZONE_LABEL: zone} if zone else {}
        amounts = {CPU: 64_000, MEMORY: 64 << 30, PODS: 500}
        spec = NodeSpec(f"node-{self.cluster.nodes.n}", labels, amounts, **fields)
        row = self.store.add_node(spec)
        self.kubelets.add(row)
        return row

    def pods(self, count, node, template=TEMPLATE):
        """Pods without an owner, bound to a node; their rows."""
        rows = self.stamp("Test/bare", template)(count)
        self.store.create_pods(rows)
        for pod in rows:
            self.cluster.pods.owner[pod] = NEVER
            self.cluster.charge(pod, node, 0)
            assert self.store.bind(pod, node)
        self.clock.run(self.clock.now_us)
        return list(rows)

    def stamp(self, name, template=TEMPLATE, lifetime_us=None):
        """What makes an owner's pods."""
        parsed = self.cluster.templates.parse(template, "default")
        lifetime = None if lifetime_us is None else lambda n: np.full(n, lifetime_us)
        owner = self.cluster.owner(name)
        return PodStamp(self.cluster, owner, self.cluster.workload(name), parsed, lifetime)

    def replicaset(self, replicas, name="web", **stamp):
        """Store a ReplicaSet; its key."""
        value = ReplicaSet.of({"replicas": replicas}, self.stamp(f"ReplicaSet/{name}", **stamp))
        assert self.store.objects(REPLICASETS).create(f"default/{name}", value)
        return f"default/{name}"

    def quota(self, hard, name="quota", **spec):
        """Store a ResourceQuota of the namespace `default`; its key."""
        value = Quota.parse({"spec": {"hard": hard, **spec}}, "default", name)
        assert self.store.objects("resourcequotas").create(value.key, value)
        return value.key

    def scale(self, key, replicas):
        """Change `spec.replicas` of a ReplicaSet."""
        table = self.store.objects(REPLICASETS)
        stored = table.get(key)
        assert table.update(key, stored.value.respecified(replicas=replicas), stored.version)

    def deployment(self, replicas=3, name="site", template=TEMPLATE, **spec):
        """Store a Deployment; its key."""

        def make(owner, made):
            return self.stamp(owner, made)

        written = {"replicas": replicas, "template": template, **spec}
        value = Deployment.of(written, make)
        assert self.store.objects(DEPLOYMENTS).create(f"default/{name}", value)
        return f"default/{name}"

    def budget(self, name, labels, **spec):
        """Store a PodDisruptionBudget; its key."""
        value = DisruptionBudget.of({"selector": {"matchLabels": labels}, **spec})
        assert self.store.objects(BUDGETS).create(f"default/{name}", value)
        return f"default/{name}"

    def patch(self, key, **spec):
        """Change the spec of a Deployment."""
        table = self.store.objects(DEPLOYMENTS)
        stored = table.get(key)
        changed = stored.value.respecified({**stored.value.spec, **spec})
        assert table.update(key, changed, stored.version)

    def undo(self, key, revision=0):
        """Ask for a rollback, as the annotation does."""
        table = self.store.objects(DEPLOYMENTS)
        stored = table.get(key)
        assert table.update(key, replace(stored.value, rollback_to=revision), stored.version)

    def job(self, name="work", lifetime_us=SECOND, template=NEVER_RESTARTED, **spec):
        """Store a Job; its key."""
        stamp = self.stamp(f"Job/{name}", template, lifetime_us)
        assert self.store.objects(JOBS).create(f"default/{name}", Job.of(spec, stamp))
        return f"default/{name}"

    def pods_fail(self):
        """From now on containers end with an error."""

        def ended(now_us, timers):
            for pod, epoch in timers:
                if self.cluster.pods.epoch[pod] == epoch:
                    self.kubelets._client.write(self.store.set_phase, pod, Phase.FAILED, epoch)

        self.kubelets._ends.handler = ended

    # --- letting it live

    def at(self, t_us, call):
        """Do something at an instant."""
        self._timers.at(t_us, call)

    def crash(self, t_us, *rows):
        """Machines go down at an instant."""
        self.at(t_us, lambda: self.machines.crash(rows))

    def restore(self, t_us, *rows):
        """They come back."""
        self.at(t_us, lambda: self.machines.restore(rows))

    def run(self, until_us):
        """Let time pass, then recount; DRAINED = nothing would happen later either."""
        self.at(until_us, lambda: None)
        reason = self.clock.run(until_us)
        audit(self.cluster)
        return reason

    # --- looking at it

    def replicas(self, key):
        """Status of a ReplicaSet."""
        return self.store.objects(REPLICASETS).get(key).value.status

    def rollout(self, key):
        """Status of a Deployment."""
        return self.store.objects(DEPLOYMENTS).get(key).value.status

    def sets(self, key):
        """ReplicaSets of a Deployment, oldest first."""
        all_sets = [stored.value for _, stored in self.store.objects(REPLICASETS).items()]
        return [one for one in all_sets if one.deployment == key]

    def progress(self, key):
        """Status of a Job."""
        return self.store.objects(JOBS).get(key).value.status

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
        return [t for t, k, v, i in self.history if (k, v) == (kind, verb) and item in (None, i)]

    def noticed(self, phase):
        """(time, node) of moments of one kind, in order."""
        return [(t, node) for t, what, node in self.moments if what == phase]

    def taints(self, node):
        """`unreachable:NoExecute` and the like."""
        taints = self.cluster.nodes.specs[node].taints
        return sorted(f"{t.key.rpartition('/')[2]}:{t.effect}" for t in taints)

    def writes(self):
        """Writes of all controllers so far."""
        return sum(runner.client.writes for runner in self.manager.runners)
