"""What a small cluster (`world.py`) can be given besides ReplicaSets, Jobs and Deployments."""

from __future__ import annotations

from simk8s.api.namespaces import NAMESPACES
from simk8s.state.cronjobs import CRONJOBS, CronJob
from simk8s.state.daemonsets import DAEMONSETS, DaemonSet
from simk8s.state.makers import PodMaker
from simk8s.state.pods import NEVER, Phase
from simk8s.state.policies import Namespace
from simk8s.state.statefulsets import STATEFULSETS, StatefulSet
from simk8s.state.workloads import REPLICATIONCONTROLLERS, ReplicaSet
from tests.controllers.world import NEVER_RESTARTED, TEMPLATE


def maker(world, name, lifetime_us=None):
    """What makes an owner's pods from any template."""
    owner = world.cluster.owner(name)

    def make(template):
        stamp = world.stamp(name, template, lifetime_us)
        stamp.owner = owner
        return stamp

    return PodMaker(owner, make)


def statefulset(world, replicas=3, name="web", template=TEMPLATE, lifetime_us=None, **spec):
    """Store a StatefulSet; its key."""
    written = {"replicas": replicas, "template": template, **spec}
    value = StatefulSet.of(written, maker(world, f"StatefulSet/{name}", lifetime_us))
    assert world.store.objects(STATEFULSETS).create(f"default/{name}", value)
    return f"default/{name}"


def respec(world, kind, key, **spec):
    """Change the spec of a StatefulSet or the like."""
    table = world.store.objects(kind)
    stored = table.get(key)
    changed = stored.value.respecified({**stored.value.spec, **spec})
    assert table.update(key, changed, stored.version)


def status(world, kind, key):
    """What its controller last reported."""
    return world.store.objects(kind).get(key).value.status


def named(world):
    """Names of the pods that neither ended nor leave, sorted."""
    return sorted(world.cluster.name_of(pod) for pod in world.alive())


def pod_of(world, name):
    """The row of the pod that has this name now, None for none."""
    pods = world.cluster.pods
    rows = [pod for pod in range(len(pods)) if world.cluster.name_of(pod) == name]
    return next((pod for pod in reversed(rows) if exists(world, pod)), None)


def exists(world, pod):
    """Whether a pod's object is there."""
    return world.cluster.pods.phase[pod] not in (Phase.UNBORN, Phase.GONE)


def story(world, verb):
    """(instant, pod name) of changes of one kind, in order."""
    changes = [(t, i) for t, kind, v, i in world.history if (kind, v) == ("pods", verb)]
    return [(t, world.cluster.name_of(i)) for t, i in changes]


def leaving(world, pod):
    """Whether a pod has a deletionTimestamp."""
    return world.cluster.pods.deletion_us[pod] != NEVER


def daemonset(world, name="agent", template=TEMPLATE, lifetime_us=None, **spec):
    """Store a DaemonSet; its key."""
    written = {"template": template, **spec}
    value = DaemonSet.of(written, maker(world, f"DaemonSet/{name}", lifetime_us))
    assert world.store.objects(DAEMONSETS).create(f"default/{name}", value)
    return f"default/{name}"


def cronjob(world, schedule="*/5 * * * *", name="tick", lifetime_us=10_000_000, job=None, **spec):
    """Store a CronJob; its key."""

    def make(owner, template):
        return world.stamp(owner, template, lifetime_us)

    inner = {"template": NEVER_RESTARTED, **(job or {})}
    written = {"schedule": schedule, "jobTemplate": {"spec": inner}, **spec}
    assert world.store.objects(CRONJOBS).create(f"default/{name}", CronJob.of(written, make))
    return f"default/{name}"


def namespace(world, name):
    """Declare a namespace."""
    assert world.store.objects(NAMESPACES).create(name, Namespace(name, {}))


def controller(world, replicas=3, name="old"):
    """Store a ReplicationController; its key."""
    stamp = world.stamp(f"ReplicationController/{name}")
    value = ReplicaSet.of({"replicas": replicas}, stamp)
    assert world.store.objects(REPLICATIONCONTROLLERS).create(f"default/{name}", value)
    return f"default/{name}"
