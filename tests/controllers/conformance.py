"""What every controller keeps: `check_controller(MyController)`.

For a file of your own: `SIMK8S_CONTROLLER=./my.py pytest tests/controllers/test_conformance.py`;
add `SIMK8S_SLOT=replicaset` if it is to stand in for a shipped controller, and it must also do
that one's job. `params` are made from the file's `Params` without arguments.

The check lets the controller live in a small cluster (`world.py`): once where nothing happens,
and twice through the same storm: a ReplicaSet, a Job, a Deployment that is rolled out,
another that is deleted, a quota, a disruption budget, crashes, a restore, a node deleted.
"""

from __future__ import annotations

from simk8s.api.namespaces import delete_namespace
from simk8s.api.watch import Verb
from simk8s.controllers._manager import SHIPPED
from simk8s.controllers.base import Controller, Result
from simk8s.kernel.clock import StopReason
from simk8s.state.pods import Loss, Phase
from simk8s.state.workloads import JobCondition
from tests.controllers import owners
from tests.controllers.world import KEPT, NEXT, SECOND, Times, World

DAY = 86_400 * SECOND
END = 3 * 3_600 * SECOND
WRITES_AT_MOST = 5_000
KINDS = ("replicasets", "jobs", "deployments", "poddisruptionbudgets")
KINDS += ("statefulsets", "daemonsets", "controllerrevisions", "cronjobs")
KINDS += ("replicationcontrollers", "namespaces", "serviceaccounts")


def check_controller(made, params=None, slot=None):
    """Raise AssertionError, with words, for the first rule that is broken."""
    _check_class(made)
    _check_idle(made, params, slot)
    world = storm(made, params, slot)
    _check_rest(world, made)
    again = storm(made, params, slot)
    assert world.history == again.history, "two runs of the same world differ"
    if slot is not None:
        GOALS[slot](world)
    _check_crash(made, params, slot)


def _check_class(made):
    assert issubclass(made, Controller), "derive from simk8s.controllers.base.Controller"
    assert isinstance(made.name, str), "name is missing"
    assert made.name, "name is empty"
    assert made.workers >= 1, "needs a worker"


def _check_idle(made, params, slot):
    world = World(_cast(made, params, slot))
    world.nodes(3, "a")
    assert world.run(DAY) is StopReason.DRAINED, "something ticks although nothing changes"
    runner = world.runners[made.name]
    assert runner.client.writes == 0, "writes although nothing is to be done"
    assert len(runner.queue.waits_us) <= 10, "reconciles although nothing is to be done"


def _cast(made, params, slot):
    """The shipped controllers, with this one in its slot or beside them."""
    others = [name for name in SHIPPED if name != slot]
    return [*others, (audited(made), params)]


def audited(made):
    """The same class, checked at every step: what it writes, it writes through its client."""

    class Audited(made):
        def __init__(self, params, context):
            store = context.store
            self._audited_changes = 0
            logs = [store.pods, store.nodes, store.leases.log]
            for log in [*logs, *(store.objects(kind).log for kind in KINDS)]:
                log.tap(self._audited_count, tuple(Verb))
            self.keys = {}
            super().__init__(params, context)

        def _audited_count(self, verb, item):
            self._audited_changes += 1

        def _step(self, call, *args):
            before = self._audited_changes
            try:
                return call(*args)
            finally:
                assert self._audited_changes == before, "it changes the store behind the API's back"

        def reconcile(self, key, now_us):
            self.keys[key] = None
            answer = self._step(super().reconcile, key, now_us)
            if isinstance(answer, Result):
                return answer
            assert hasattr(answer, "send"), "reconcile returns a Result or is a generator"
            return self._steps(answer)

        def _steps(self, steps):
            results = None
            while True:
                try:
                    writes = self._step(steps.send, results)
                except StopIteration as stop:
                    result = stop.value
                    break
                results = yield writes
            assert isinstance(result, Result), "a generator returns a Result"
            return result

    Audited.__name__ = made.__name__
    return Audited


CRASHES = (7, 61, 107, 145, 320, 1_499, 1_900)
"""When leaders of kube-controller-manager die, in seconds; another leads 16 s later."""


def _check_crash(made, params, slot):
    """A controller keeps nothing in memory that it could not do without."""
    world = storm(made, params, slot, crashes=CRASHES)
    runner = world.runners[made.name]
    if not made.survives:
        assert runner.controller is not world.first[made.name], "it has outlived its process"
        _check_forgotten(world.first[made.name], runner.controller)
    _check_rest(world, made)
    goals = {**GOALS, **AFTER_CRASHES}
    if slot is not None:
        goals[slot](world)


def _check_forgotten(before, after):
    """Nothing that can change is shared by two instances but what belongs to the world."""
    shared = [
        name
        for name, value in vars(before).items()
        if isinstance(value, dict | list | set) and vars(after).get(name) is value
    ]
    assert not shared, f"the next instance goes on with {shared} of the one that died"


def storm(made, params, slot, crashes=()):
    """A world that has been through a lot and had hours to settle."""
    world = World(_cast(made, params, slot), times=Times())
    world.first = {name: runner.controller for name, runner in world.runners.items()}
    for second in crashes:
        world.at(second * SECOND, world.manager.halt)
        world.at((second + 16) * SECOND, world.manager.resume)
    first, *_ = world.nodes(4, "a")
    second, *_ = world.nodes(4, "b")
    third, *_ = world.nodes(4, "c")
    world.at(SECOND // 2, lambda: world.quota({"pods": 100, "count/pods": 200}))
    world.at(1 * SECOND, lambda: world.replicaset(24, template=KEPT))
    job = {"completions": 12, "parallelism": 6, "lifetime_us": 400 * SECOND}
    world.at(2 * SECOND, lambda: world.job(**job))
    world.at(3 * SECOND, lambda: world.deployment(8))
    world.at(60 * SECOND, lambda: world.patch("default/site", template=NEXT))
    world.at(5 * SECOND, lambda: world.budget("keep", {"app": "kept"}, minAvailable=20))
    world.at(6 * SECOND, lambda: world.deployment(5, name="short"))
    world.at(50 * SECOND, lambda: world.store.objects("deployments").delete("default/short"))
    world.at(4 * SECOND, lambda: owners.statefulset(world, 4, name="db"))
    _more(world)
    update = {"template": NEXT}
    world.at(5 * SECOND, lambda: owners.daemonset(world, name="agent"))
    world.at(75 * SECOND, lambda: owners.respec(world, "daemonsets", "default/agent", **update))
    world.at(70 * SECOND, lambda: owners.respec(world, "statefulsets", "default/db", **update))
    world.crash(100 * SECOND, first)
    world.crash(130 * SECOND, second)
    world.at(12 * SECOND, lambda: world.nodes(1, "d"))
    world.at(140 * SECOND, lambda: world.store.delete_node(third))
    world.restore(1_500 * SECOND, first)
    world.run(END - 1)
    world.run(END)
    return world


def _more(world):
    """Kinds that need less of a storm."""
    world.at(6 * SECOND, lambda: owners.controller(world, 3))
    world.at(6 * SECOND, lambda: owners.namespace(world, "gone"))
    world.at(6 * SECOND, lambda: owners.namespace(world, "team"))
    world.at(110 * SECOND, lambda: delete_namespace(world.store, "gone"))
    world.at(7 * SECOND, lambda: world.job("brief", ttlSecondsAfterFinished=100))
    world.at(8 * SECOND, lambda: owners.cronjob(world, "*/10 * * * *"))
    # What repeats for ever would never come to rest.
    rest = {"suspend": True}
    world.at(9_005 * SECOND, lambda: owners.respec(world, "cronjobs", "default/tick", **rest))


def _check_rest(world, made):
    runner = world.runners[made.name]
    settled, writes = len(world.history), runner.client.writes
    assert writes <= WRITES_AT_MOST, f"{writes} writes for 50 pods: it does not come to rest"
    for key in list(runner.controller.keys):
        runner.queue.add(key)
    reason = world.run(END + DAY)
    assert reason is StopReason.DRAINED, "something still ticks after hours without a change"
    assert len(world.history) == settled, "looked at again, it changes what is as it should be"
    assert runner.client.writes == writes, "looked at again, it writes although nothing changed"


def _ready_pods(world, owner):
    pods, ready = world.cluster.pods, world.store.ready
    return [
        pod
        for pod in world.alive()
        if world.cluster.owner_name(pods.owner[pod]) == owner
        and pods.phase[pod] == Phase.RUNNING
        and ready[pods.node[pod]]
    ]


def _replicaset(world):
    assert len(_ready_pods(world, "ReplicaSet/web")) == 24, "lost pods have not been replaced"
    status = world.replicas("default/web")
    assert (status.replicas, status.ready) == (24, 24), f"status is not reported: {status}"


def _job(world):
    status = world.progress("default/work")
    assert status.succeeded == 12, f"not everything was run: {status}"
    # Complete has to wait for pods that terminate on a dead node.
    done = (JobCondition.COMPLETE, JobCondition.SUCCESS_CRITERIA_MET)
    assert status.condition in done, f"not known to be complete: {status}"


def _deployment(world):
    status, sets = world.rollout("default/site"), world.sets("default/site")
    assert (status.replicas, status.updated, status.available) == (8, 8, 8), status
    assert [one.replicas for one in sets] == [0, 8], "the new template is not rolled out"
    assert status.progress.reason == "NewReplicaSetAvailable", status


def _statefulset(world):
    status = owners.status(world, "statefulsets", "default/db")
    # A pod on a node that stays dead leaves for ever: its ordinal waits, and the rollout with it.
    assert status.update_revision != "", "no revision is kept"
    assert status.replicas == 4, f"a lost pod is not replaced, or twice: {status}"
    assert sorted(world.cluster.name_of(pod) for pod in _existing(world, "StatefulSet/db")) == [
        f"db-{ordinal}" for ordinal in range(4)
    ], "not one pod of each name"


def _daemonset(world):
    status = owners.status(world, "daemonsets", "default/agent")
    # Twelve of thirteen nodes are left; on the silent one a daemon may stay, and none would come.
    assert (status.desired, status.current, status.updated) == (11, 11, 11), status
    assert (status.available, status.misscheduled) == (11, 1), status


def _replicationcontroller(world):
    status = owners.status(world, "replicationcontrollers", "default/old")
    assert (status.replicas, status.ready) == (3, 3), f"lost pods are not replaced: {status}"


def _cronjob(world):
    status = owners.status(world, "cronjobs", "default/tick")
    assert status.last_schedule_us == 9_000 * SECOND, f"not every due time is started: {status}"
    assert status.active == (), f"finished Jobs are active: {status}"
    mine = [key for key, _ in world.store.objects("jobs").items() if "/tick-" in key]
    assert len(mine) == 3, f"history is not limited: {mine}"


def _ttl_after_finished(world):
    assert world.store.objects("jobs").get("default/brief") is None, "a finished Job stays"


def _namespace(world):
    namespaces = list(world.store.objects("namespaces").keys())
    assert namespaces == ["team"], f"a deleted namespace stays, or another went: {namespaces}"


def _serviceaccount(world):
    accounts = world.store.objects("serviceaccounts")
    assert accounts.get("team/default") is not None, "a namespace has no default account"


def _ttl(world):
    joined = world.store.joined
    assert joined, "no node has joined"
    # Each was annotated once; its taint and nothing else was written besides.
    assert [world.store.node_versions[node] for node in joined] == [2] * len(joined)


def _existing(world, owner):
    pods = range(len(world.cluster.pods))
    mine = [pod for pod in pods if world.cluster.owner_name(world.cluster.pods.owner[pod]) == owner]
    return [pod for pod in mine if owners.exists(world, pod)]


def _garbage_collector(world):
    left = world.sets("default/short")
    assert left == [], "ReplicaSets of a deleted Deployment stay"
    owners = [world.cluster.owner_name(world.cluster.pods.owner[pod]) for pod in world.alive()]
    assert not [name for name in owners if name and "short" in name], "and so do its pods"


def _node_lifecycle(world):
    assert world.taints(0) == [], "a node that is back still has taints"
    assert "unreachable:NoExecute" in world.taints(4), "a silent node is not tainted"
    assert not world.store.ready[4], "a silent node is still ready"
    phases = [phase for _, phase, node in world.moments if node == 4]
    assert phases == ["detected", "tainted"], f"moments were reported as {phases}"


def _taint_eviction(world):
    pods = world.cluster.pods
    left = [pod for pod in world.alive() if pods.node[pod] == 4 and pod not in pods.pinned]
    assert left == [], "pods stay on an unreachable node for ever"


def _pod_gc(world):
    pods = world.cluster.pods
    left = [pod for pod in world.alive() if pods.node[pod] == 8]
    assert left == [], "pods stay on a node that does not exist"


def _resourcequota(world):
    book = world.cluster.policies.quotas
    assert book.used["default/quota"] == book.actual["default/quota"], "usage is not brought back"
    assert book.used["default/quota"]["pods"] == len(world.alive()), "usage is not what is alive"


def _disruption(world):
    stored = world.store.objects("poddisruptionbudgets").get("default/keep")
    status = stored.value.status
    # Pods that leave a dead node for ever are still there.
    assert (status.expected >= 24, status.desired) == (True, 20), f"not counted: {status}"
    assert (status.healthy, status.allowed) == (24, 4), f"health is not counted: {status}"


def _descheduler(world):
    controller = world.runners["descheduler"].controller
    assert not controller.look().chosen, "it stopped while somebody was to be evicted"


def _defragmenter(world):
    pods = world.cluster.pods
    gone = sum(pods.loss[pod] == Loss.DESCHEDULED for pod in range(len(pods)))
    # The scheduler of this world undoes what it does: a few rounds, then it lets be.
    assert 0 < gone <= 4 * 10, f"{gone} evictions"


def _ordinals(world):
    """Evictions come later: here db-2 is stuck on the dead node when db-3 could be replaced."""
    names = [world.cluster.name_of(pod) for pod in _existing(world, "StatefulSet/db")]
    assert sorted(names)[:3] == ["db-0", "db-1", "db-2"], f"not one pod of each name: {names}"
    assert len(set(names)) == len(names), f"two pods of one name: {names}"


AFTER_CRASHES = {"statefulset": _ordinals}
"""Goals that are others when leaders die."""
GOALS = {
    "descheduler": _descheduler,
    "defragmenter": _defragmenter,
    "resourcequota": _resourcequota,
    "ttl": _ttl,
    "replicaset": _replicaset,
    "job": _job,
    "deployment": _deployment,
    "statefulset": _statefulset,
    "daemonset": _daemonset,
    "cronjob": _cronjob,
    "ttl_after_finished": _ttl_after_finished,
    "replicationcontroller": _replicationcontroller,
    "namespace": _namespace,
    "serviceaccount": _serviceaccount,
    "disruption": _disruption,
    "garbage_collector": _garbage_collector,
    "node_lifecycle": _node_lifecycle,
    "taint_eviction": _taint_eviction,
    "pod_gc": _pod_gc,
}
