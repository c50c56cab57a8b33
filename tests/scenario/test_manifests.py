"""Manifests: kinds that are simulated become objects, any other is a warning at its line."""

from __future__ import annotations

import pytest

APP = """\
apiVersion: example.org/v1
kind: Rollout
metadata: {name: front}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: front, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec: {containers: [{name: c, image: x, resources: {requests: {cpu: 1}}}]}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: lone}
    spec: {containers: [{name: c}]}
  - apiVersion: batch/v1
    kind: Job
    metadata: {name: once}
    spec: {completions: 2, template: {spec: {restartPolicy: Never, containers: [{name: c}]}}}
"""


@pytest.fixture
def scenario(bench):
    start = bench.base[: bench.base.index("workload:")]
    return start + "workload:\n  - {manifests: [app/], lifetime: 5m}\n"


def test_objects_are_read_in_order(bench, scenario):
    bench.write("app/b.yaml", APP)
    bench.write("app/a.yml", APP.replace("lone", "first").split("---\n")[2])
    loaded = bench.load(scenario)
    objects = loaded.manifests[0]
    assert [(o.kind, o.name, o.namespace) for o in objects] == [
        ("Pod", "first", None),
        ("Job", "once", None),
        ("ReplicaSet", "front", "shop"),
        ("Pod", "lone", None),
        ("Job", "once", None),
    ]
    assert objects[2].spec["replicas"] == 3
    assert objects[2].template["metadata"]["labels"] == {"app": "front"}
    assert objects[0].template["spec"] == {"containers": [{"name": "c"}]}
    assert (objects[2].place.file.endswith("b.yaml"), objects[2].place.line) == (True, 5)


def test_other_kinds_are_named_with_file_and_line(bench, scenario):
    path = bench.write("app/b.yaml", APP)
    code, line, _, message, hint = bench.one(scenario)
    assert (code, line) == ("W104", 2)
    assert "Rollout 'front'" in message
    assert "ReplicaSet" in hint
    assert bench.problems(scenario)[0].place.file == str(path)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("cpu: 1", "cpu: 1x", "E104", 13),
        ("cpu: 1}", "cpu: 100}", "W101", 5),
        ("replicas: 3", "replicas: -3", "E105", 9),
        ("completions: 2", "completions: two", "E105", 25),
        ("{name: once}", "{}", "E102", 22),
        ("    kind: Job", "    kid: Job", "E102", 22),
        ("  template:\n", "  tmplate:\n", "E102", 5),
        ("restartPolicy: Never", "restartPolicy: Nvr", "E106", 25),
        ("replicas: 3", "replicas: *x", "E002", 9),
    ],
)
def test_bad_manifests_are_named_in_their_own_file(bench, scenario, old, new, code, line):
    assert old in APP
    path = bench.write("app/b.yaml", APP.replace(old, new))
    found = next(p for p in bench.problems(scenario) if p.code == code)
    assert (found.place.file, found.place.line) == (str(path), line)


def test_missing_and_empty_folders(bench, scenario):
    code, line, _, message, _ = bench.one(scenario)
    assert (code, line) == ("E303", 7)
    assert "'app/' does not exist" in message
    bench.write("app/readme.txt", "x")
    assert "has no YAML or JSON files" in bench.one(scenario)[3]
    bench.write("apps/x.yaml", APP)
    assert bench.one(scenario.replace("app/", "aps"))[4] == "did you mean 'apps'?"


def test_a_single_file_may_be_named(bench, scenario):
    bench.write("one.yaml", APP)
    assert len(bench.load(scenario.replace("app/", "one.yaml")).manifests[0]) == 3


SITE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: site}
spec:
  replicas: 4
  minReadySeconds: 5
  strategy:
    rollingUpdate: {maxSurge: 50%, maxUnavailable: 0}
  selector: {matchLabels: {app: site}}
  template:
    metadata: {labels: {app: site}}
    spec: {containers: [{name: c}]}
"""


def test_a_deployment_is_an_object(bench, scenario):
    bench.write("app/b.yaml", SITE)
    (made,) = bench.load(scenario).manifests[0]
    assert (made.kind, made.name, made.spec["replicas"]) == ("Deployment", "site", 4)
    assert made.spec["strategy"]["rollingUpdate"] == {"maxSurge": "50%", "maxUnavailable": 0}


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("maxSurge: 50%", "maxSurge: half", "E105", 8),
        ("maxUnavailable: 0", "maxUnavailable: -1", "E105", 8),
        ("maxSurge", "maxSurges", "W132", 8),
        ("rollingUpdate:", "type: Recreate\n    rollingUpdate:", "E105", 8),
        ("minReadySeconds: 5", "minReadySeconds: 5s", "E105", 6),
        ("replicas: 4", "replicas: many", "E105", 5),
    ],
)
def test_what_is_wrong_with_a_deployment(bench, scenario, old, new, code, line):
    bench.write("app/b.yaml", SITE.replace(old, new, 1))
    found = bench.one(scenario)
    assert (found[0], found[1]) == (code, line)


def kept(path, text, bench, scenario):
    bench.write(path, text)
    return bench.load(scenario)


POD = (
    '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"}, '
    '"spec": {"containers": [{"name": "c"}]}}'
)


@pytest.mark.parametrize(
    "text",
    [
        POD % "a" + POD % "b",
        POD % "a" + "\n" + POD % "b" + "\n",
        f"[{POD % 'a'}, {POD % 'b'}]",
        f'{{"kind": "List", "items": [{POD % "a"}, {POD % "b"}]}}',
        f"---\n{POD % 'a'}\n---\n{POD % 'b'}",
    ],
)
def test_several_objects_in_one_file(bench, scenario, text):
    loaded = kept("app/x.json", text, bench, scenario)
    assert [one.name for one in loaded.manifests[0]] == ["a", "b"]


def test_json_knows_its_places(bench, scenario):
    text = (
        POD % "a"
        + "\n\n"
        + (POD % "b").replace('"containers": [', '\n "containrs": [], "containers": [')
    )
    (found,) = kept("app/x.json", text, bench, scenario).problems
    assert (found.code, found.place.line, found.place.column) == ("W132", 4, 2)
    assert found.hint == "did you mean 'containers'?"
    bad = bench.write("app/x.json", '{"kind": "Pod",\n  oops}')
    code, line, column, _, _ = bench.one(scenario)
    assert (code, line, column, bad.name) == ("E002", 2, 3, "x.json")


def test_patterns_name_files(bench, scenario):
    for path in ("app/a/x.yaml", "app/b/c/y.yaml", "app/b/c/z.txt", "app/top.yaml"):
        bench.write(path, POD % path.rpartition("/")[2].partition(".")[0])

    def names(pattern):
        loaded = bench.load(scenario.replace("[app/]", f"['{pattern}']"))
        return [one.name for one in loaded.manifests[0]]

    assert names("app/**/*.yaml") == ["x", "y", "top"]
    assert names("app/*.yaml") == ["top"]
    assert names("app/[ab]/*") == ["x"]
    assert bench.one(scenario.replace("[app/]", "['app/*.yml']"))[0] == "E303"


def test_what_is_not_modelled_is_told_once_with_a_count(bench, scenario):
    text = """\
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, finalizers: [example.org/x]}
    spec:
      activeDeadlineSeconds: 5
      hostIPC: true
      containers: [{name: c, command: [x], imagePulPolicy: Always}]
    """
    bench.write("app/a.yaml", text % "a")
    bench.write("app/b.yaml", text % "b")
    loaded = bench.load(scenario)
    assert [(p.code, p.place.line, p.message) for p in loaded.problems] == [
        ("W105", 3, "metadata.finalizers has no effect: nothing waits for them (and 1 more)"),
        (
            "W105",
            5,
            "spec.activeDeadlineSeconds has no effect: pods end by their lifetime (and 1 more)",
        ),
        ("W132", 7, "unknown key 'imagePulPolicy' in spec.containers[0] (and 1 more)"),
    ]
    assert {p.place.file.rpartition("/")[2] for p in loaded.problems} == {"a.yaml"}
    assert dict(loaded.unfelt) == {"PodSpec.hostIPC": 2, "Container.command": 2}


REMOVED = """\
apiVersion: {version}
kind: {kind}
metadata: {{name: old}}
spec: {{}}
"""


@pytest.mark.parametrize(
    ("version", "kind", "code", "words", "hint"),
    [
        (
            "extensions/v1beta1",
            "Deployment",
            "W131",
            "does not serve",
            "apps/v1 since v1.9; gone in v1.16",
        ),
        (
            "policy/v1beta1",
            "PodDisruptionBudget",
            "W131",
            "policy/v1beta1",
            "policy/v1 since v1.21",
        ),
        ("batch/v1beta1", "CronJob", "W131", "left out", "batch/v1 since v1.21; gone in v1.25"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "W104", "no effect", "docs/kinds.md"),
        (
            "serving.knative.dev/v1",
            "Service",
            "W104",
            "not simulated",
            "simulated is Service of v1",
        ),
        ("apps/v1", "Deploymint", "W104", "not simulated", "did you mean 'Deployment'?"),
    ],
)
def test_what_is_left_out(bench, scenario, version, kind, code, words, hint):
    bench.write("app/a.yaml", REMOVED.format(version=version, kind=kind))
    bench.write("app/b.yaml", POD % "b")
    found = bench.one(scenario)
    assert (found[0], found[1]) == (code, 2)
    assert words in found[3]
    assert hint in found[4]


def test_kinds_without_bearing_are_noted(bench, scenario):
    bench.write("app/a.yaml", REMOVED.format(version="rbac.authorization.k8s.io/v1", kind="Role"))
    loaded = kept("app/b.yaml", POD % "b", bench, scenario)
    assert (list(loaded.problems), dict(loaded.unfelt)) == ([], {"Role": 1})


def test_what_pods_need_and_nobody_brings(bench, scenario):
    text = """\
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      selector: {matchLabels: {a: b}}
      template:
        metadata: {labels: {a: b}}
        spec:
          volumes:
            - {name: v, persistentVolumeClaim: {claimName: data}}
            - {name: s, secret: {secretName: there}}
            - {name: o, configMap: {name: maybe, optional: true}}
          containers: [{name: c, envFrom: [{configMapRef: {name: env}}]}]
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: there}
    """
    loaded = kept("app/a.yaml", text, bench, scenario)
    assert [(p.code, p.message) for p in loaded.problems] == [
        ("W133", "Deployment 'web' needs the ConfigMap 'env', which no manifest has"),
        ("W133", "Deployment 'web' needs the PersistentVolumeClaim 'data', which no manifest has"),
    ]


def test_a_file_without_a_kind_in_a_folder_is_passed_over(bench, scenario):
    bench.write("app/values.json", '{"a": 1}')
    loaded = kept("app/b.yaml", POD % "b", bench, scenario)
    assert [p.code for p in loaded.problems] == ["W134"]
    assert bench.one(scenario.replace("app/", "app/values.json"))[0] == "E102"


def test_nodes_of_manifests(bench, scenario):
    node = "{apiVersion: v1, kind: Node, metadata: {name: n}, status: {allocatable: {cpu: %s}}}"
    bench.write("nodes.yaml", node % 4)
    text = scenario.replace("  - {profile", "  - {manifests: [nodes.yaml]}\n  - {profile")
    bench.write("app/b.yaml", POD % "b")
    loaded = bench.load(text)
    assert [one.name for one in loaded.node_objects[0]] == ["n"]
    assert bench.one(scenario.replace("app/", "nodes.yaml"))[0] == "W135"
    assert not bench.load(text.replace("app/", "nodes.yaml")).problems
    twice = text.replace("[nodes.yaml]", "[nodes.yaml, same.yaml]")
    bench.write("same.yaml", node % 8)
    code, line, _, message, _ = bench.one(twice)
    assert (code, line) == ("E304", 1)
    assert "nodes.yaml" in message
    bench.write("nodes.yaml", node % "4x")
    assert bench.one(text)[0] == "E104"
    both = text.replace("nodes.yaml]", "nodes.yaml], count: 2")
    assert bench.one(both)[0] == "E105"
