"""Any sequence of verbs ends, once faults are over, in the declared desired state.

A model beside the simulation reads the same entries and says what there has to be: objects, their
size and images, nodes with their cordons, taints and labels. The cluster's own audit holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.pods import NEVER
from simk8s.state.selectors import NOT_READY, UNREACHABLE, UNSCHEDULABLE
from simk8s.state.workloads import JobCondition
from tests.simulation.timeline.played import SMALL, Played, budget, manifest, scenario, template

OBJECTS = {
    "web": "Deployment",
    "shop": "Deployment",
    "db": "StatefulSet",
    "agent": "DaemonSet",
    "rs": "ReplicaSet",
}
TABLES = {"Deployment": DEPLOYMENTS, "StatefulSet": "statefulsets", "DaemonSet": "daemonsets",
          "ReplicaSet": "replicasets"}  # fmt: skip
IMAGES = ("app:1", "app:2", "app:3")
VOLATILE = ("n-0", "n-1", "n-2")
SYSTEM = (NOT_READY, UNREACHABLE, UNSCHEDULABLE)
FAST = {"terminationGracePeriodSeconds": 2}


def written(name, replicas=2, image="app:1", **spec):
    kind = OBJECTS[name]
    pods = template(image, {"app": name}, **FAST)
    return manifest(kind, name, replicas, pods=pods, **spec)


def quota(pods):
    meta = {"name": "pods", "namespace": "default"}
    spec = {"hard": {"pods": pods}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": spec}


def ref(name):
    return f"{OBJECTS[name].lower()}/{name}"


ROLLED = ("web", "shop", "db", "agent")
names = st.sampled_from([*OBJECTS])
sized = st.sampled_from(["web", "shop", "db", "rs"])
rolled = st.sampled_from(ROLLED)
deployed = st.sampled_from(["web", "shop"])
counts = st.integers(0, 4)
images = st.sampled_from(IMAGES)
volatile = st.sampled_from(VOLATILE)
VERBS = st.one_of(
    st.builds(lambda n, r, i: {"apply": [written(n, r, i)]}, names, counts, images),
    st.builds(lambda n: {"delete": ref(n)}, names),
    st.builds(lambda n, r: {"scale": {"object": ref(n), "replicas": r}}, sized, counts),
    st.builds(lambda n, i: {"setImage": {"object": ref(n), "images": {"*": i}}}, rolled, images),
    st.builds(lambda n, r: {"rolloutUndo": {"object": ref(n), "toRevision": r}}, rolled,
              st.integers(0, 3)),
    st.builds(lambda n: {"rolloutPause": ref(n)}, deployed),
    st.builds(lambda n: {"rolloutResume": ref(n)}, deployed),
    st.builds(lambda n: {"rolloutRestart": ref(n)}, rolled),
    st.builds(lambda n: {"cordon": n}, volatile),
    st.builds(lambda n: {"uncordon": n}, volatile),
    st.builds(lambda n: {"drain": n}, volatile),
    st.builds(lambda n, e: {"taint": {"nodes": n, "add": [f"busy=yes:{e}"]}}, volatile,
              st.sampled_from(["NoSchedule", "NoExecute"])),
    st.builds(lambda n: {"taint": {"nodes": n, "remove": ["busy"]}}, volatile),
    st.builds(lambda n, v: {"label": {"nodes": n, "set": {"tier": v}}}, volatile,
              st.sampled_from(["x", "y"])),
    st.builds(lambda n: {"removeNodes": n}, volatile),
    st.builds(lambda n: {"apply": [quota(n)]}, st.integers(0, 12)),
    st.just({"addNodes": {"name": "late", "capacity": SMALL, "count": 1, "zones": ["b"]}}),
)  # fmt: skip


@dataclass
class Thing:
    replicas: int
    images: set
    """Those that it may have: more than one after an undo."""
    past: set
    paused: bool = False


@dataclass
class Machine:
    cordoned: bool = False
    taints: set = field(default_factory=set)
    """Effects of `busy`."""
    labels: dict = field(default_factory=dict)


class Model:
    """What has to be there."""

    def __init__(self):
        self.things, self.nodes, self.added = {}, {name: Machine() for name in VOLATILE}, 0

    def step(self, entry):
        ((verb, value),) = [(k, v) for k, v in entry.items() if k not in ("at", "name")]
        getattr(self, verb)(value)

    def thing(self, text):
        return self.things.get(text.partition("/")[2])

    def apply(self, objects):
        for one in objects:
            name, spec = one["metadata"]["name"], one["spec"]
            if name not in OBJECTS or one["kind"] != OBJECTS[name]:
                continue
            image = spec["template"]["spec"]["containers"][0]["image"]
            thing = self.things.setdefault(name, Thing(0, set(), set()))
            thing.replicas = spec.get("replicas", 0)
            self.image(thing, {image})

    def image(self, thing, chosen):
        thing.images = set(chosen)
        thing.past |= thing.images

    def delete(self, text):
        self.things.pop(text.partition("/")[2], None)

    def scale(self, value):
        if thing := self.thing(value["object"]):
            thing.replicas = value["replicas"]

    def setImage(self, value):
        if thing := self.thing(value["object"]):
            self.image(thing, value["images"].values())

    def rolloutUndo(self, value):
        thing = self.thing(value["object"])
        if thing and not thing.paused:
            thing.images = set(thing.past)

    def rolloutPause(self, text):
        if thing := self.thing(text):
            thing.paused = True

    def rolloutResume(self, text):
        if thing := self.thing(text):
            thing.paused = False

    def rolloutRestart(self, text):
        pass

    def cordon(self, name):
        if name in self.nodes:
            self.nodes[name].cordoned = True

    def uncordon(self, name):
        if name in self.nodes:
            self.nodes[name].cordoned = False

    drain = cordon

    def taint(self, value):
        if machine := self.nodes.get(value["nodes"]):
            if "remove" in value:
                machine.taints.clear()
            else:
                machine.taints.add(value["add"][0].rpartition(":")[2])

    def label(self, value):
        if machine := self.nodes.get(value["nodes"]):
            machine.labels |= value["set"]

    def removeNodes(self, name):
        self.nodes.pop(name, None)

    def addNodes(self, group):
        self.nodes[f"late-{self.added}"] = Machine()
        self.added += 1


START = [written(name) for name in OBJECTS]
BUDGETS = [budget("web", "web", maxUnavailable=1), budget("db", "db", minAvailable="50%")]
EPILOGUE = [{"rolloutResume": ref(name)} for name in ("web", "shop")]
EPILOGUE += [{"apply": [quota(100)]}]
FAULTS = {
    0: [],
    1: [{"zoneOutage": {"zone": "b", "at": "35s", "for": "7m"}}],
    2: [{"zoneOutage": {"zone": "b", "at": "100s", "for": "90s"}}],
    3: [{"apiServerOutage": {"at": "40s", "for": "45s"}}],
    4: [{"zoneOutage": {"zone": "b", "at": "60s", "for": "6m"}},
        {"apiServerOutage": {"at": "90s", "for": "5m"}}],
}  # fmt: skip


def played(verbs, gaps, fault, seed):
    at_s, entries = 30, []
    for verb, gap in zip(verbs, gaps, strict=True):
        at_s = round(at_s + gap, 3)
        entries.append({"at": f"{at_s}s", **verb})
    entries += [{"at": "20m", **verb} for verb in EPILOGUE]
    batch = manifest("Job", "batch", pods=template(
        restartPolicy="Never", metadata={"annotations": {"simk8s.io/run-seconds": "40"}}, **FAST
    ), completions=4, parallelism=2, backoffLimit=50)  # fmt: skip
    first = {"at": "1s", "apply": [quota(100), *START, *BUDGETS, batch]}
    nodes = [
        {"name": "keep", "capacity": SMALL, "count": 1, "zones": ["a"]},
        {"name": "n", "capacity": SMALL, "count": 3, "zones": ["a", "b"]},
    ]
    data = scenario([first, *entries], nodes=nodes, duration="1h", faults=FAULTS[fault])
    data["controlPlane"]["profile"] = "instant" if seed % 2 else "small"
    model = Model()
    for entry in [first, *entries]:
        model.step(entry)
    return model, Played(data, seed).run()


def check(model, end):
    assert all(line.ended_us is not None for line in end.lines), end.outcomes()
    assert end.get("jobs", "batch").status.condition is JobCondition.COMPLETE
    for name, kind in OBJECTS.items():
        thing, stored = model.things.get(name), end.get(TABLES[kind], name)
        assert (stored is None) == (thing is None), name
        pods = end.pods(f"{'ReplicaSet' if kind == 'Deployment' else kind}/{name}")
        if thing is None:
            assert not pods, f"{name} is gone and has pods"
            continue
        wanted = thing.replicas
        if kind == "DaemonSet":
            pods, wanted = daemons(model, end, pods)
        else:
            assert stored.replicas == wanted, name
        assert len(pods) == wanted, name
        assert all(end.cluster.pods.ready[pod] for pod in pods), name
        assert all(end.cluster.pods.deletion_us[pod] == NEVER for pod in pods), name
        if kind == "ReplicaSet":
            continue  # its pods keep the template that they were made from
        (image,) = end.images_of(stored)
        assert image in thing.images, name
        assert end.images(pods) <= {image}, name
        check_status(kind, stored, wanted)


def daemons(model, end, pods):
    """Pods where there has to be one, and how many that is; elsewhere there may be one that was
    there before the taint NoSchedule.
    """
    spared = {name for name, one in model.nodes.items() if one.taints == {"NoSchedule"}}
    there = [pod for pod in pods if end.node_of(pod) not in spared]
    assert len({end.node_of(pod) for pod in pods}) == len(pods)
    return there, 1 + sum(not machine.taints for machine in model.nodes.values())


def check_status(kind, stored, wanted):
    status = stored.status
    assert status.observed_generation == stored.generation
    assert status.updated == wanted
    if kind == "Deployment":
        assert (status.replicas, status.available, status.unavailable) == (wanted, wanted, 0)
    elif kind == "StatefulSet":
        assert (status.replicas, status.ready, status.available) == (wanted, wanted, wanted)
        assert status.current_revision == status.update_revision
    else:
        assert (status.desired, status.ready, status.available) == (wanted, wanted, wanted)


def check_nodes(model, end):
    table = end.cluster.nodes
    there = {table.specs[row].name for row in range(table.n) if table.exists[row]}
    assert there == {"keep-0", *model.nodes}
    for name, machine in model.nodes.items():
        spec = end.spec(name)
        assert spec.unschedulable == machine.cordoned, name
        taints = {(taint.key, taint.effect) for taint in spec.taints if taint.key not in SYSTEM}
        assert taints == {("busy", effect) for effect in machine.taints}, name
        assert machine.labels.items() <= spec.labels.items()
        assert end.store.ready[table.row(name)], name


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # to shrink a failure takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    verbs=st.lists(VERBS, min_size=1, max_size=9),
    gaps=st.lists(st.sampled_from([0, 0, 1, 3, 20, 90]), min_size=9, max_size=9),
    fault=st.sampled_from([*FAULTS]),
    seed=st.integers(1, 6),
)
def test_any_sequence_of_verbs_ends_in_the_desired_state(verbs, gaps, fault, seed):
    model, end = played(verbs, gaps[: len(verbs)], fault, seed)
    check_nodes(model, end)
    check(model, end)
