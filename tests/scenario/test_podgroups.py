"""PodGroups and Workloads in manifests, and what lint says of pods that belong to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from simk8s.errors import UserError
from simk8s.scenario.load import Loaded, load
from simk8s.workload.entry import objects

GROUP = """\
apiVersion: scheduling.k8s.io/v1alpha2
kind: PodGroup
metadata: {name: train}
spec: {schedulingPolicy: {gang: {minCount: 3}}}
"""
FROM_TEMPLATE = """\
apiVersion: scheduling.k8s.io/v1alpha2
kind: Workload
metadata: {name: training}
spec:
  podGroupTemplates:
    - {name: worker, schedulingPolicy: {gang: {minCount: 4}}}
    - {name: driver, schedulingPolicy: {basic: {}}}
---
apiVersion: scheduling.k8s.io/v1alpha2
kind: PodGroup
metadata: {name: train}
spec:
  podGroupTemplateRef: {workload: {workloadName: training, podGroupTemplateName: worker}}
"""
ON = "{name: kube_scheduler, featureGates: {GangScheduling: true}}"


def read(base: Path, manifest: str, strategy: str = ON, group: str = "train") -> Loaded:
    (base / "group.yaml").write_text(manifest)
    text = f"""\
apiVersion: simk8s/v1
name: gang
duration: 10m
nodes: [{{name: a, capacity: {{cpu: 4, memory: 8Gi}}, count: 4}}]
strategy: {strategy}
workload:
  - manifests: [group.yaml]
  - name: train
    job:
      completions: 4
      parallelism: 4
      template:
        spec:
          schedulingGroup: {{podGroupName: {group}}}
          containers: [{{name: c, image: i, resources: {{requests: {{cpu: 1}}}}}}]
    lifetime: 5m
"""
    return load(base / "s.yaml", text=text)


def said(loaded: Loaded) -> list[str]:
    return [f"{p.code} {p.message}" for p in loaded.problems]


@pytest.mark.parametrize(("manifest", "least"), [(GROUP, 3), (FROM_TEMPLATE, 4)])
def test_a_group_and_its_policy(tmp_path: Path, manifest: str, least: int) -> None:
    loaded = read(tmp_path, manifest)
    assert said(loaded) == []
    made = objects(loaded)
    assert [(o.kind, o.name, o.namespace) for o in made] == [
        ("PodGroup", "train", "default"),
        ("Job", "train", "default"),
    ]
    assert made[0].spec["schedulingPolicy"] == {"gang": {"minCount": least}}


def test_without_the_gate_it_has_no_effect(tmp_path: Path) -> None:
    (only,) = read(tmp_path, GROUP, "kube_scheduler").problems
    assert only.code == "W105"
    assert only.hint is not None
    assert "GangScheduling: true" in only.hint
    assert said(read(tmp_path, GROUP, "first_fit")) == said(read(tmp_path, GROUP, "kube_scheduler"))


def test_a_group_that_no_manifest_has(tmp_path: Path) -> None:
    (only,) = read(tmp_path, GROUP, group="trian").problems
    assert (only.code, only.hint) == ("W109", "did you mean 'train'?")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("gang: {minCount: 3}", "gang: {minCount: 0}"), "E105"),
        (("gang: {minCount: 3}", "gang: {mincount: 3}"), "E102"),
        (("gang: {minCount: 3}", "gang: {minCount: 3}, basic: {}"), "E107"),
        (("schedulingPolicy: {gang: {minCount: 3}}", ""), "E102"),
        (("schedulingPolicy", "policy"), "E101"),
        (("metadata: {name: train}", "metadata: {}"), "E102"),
        (
            (
                "schedulingPolicy: {gang: {minCount: 3}}",
                "podGroupTemplateRef: {workload: {workloadName: a, podGroupTemplateName: b}}",
            ),
            "E105",
        ),
    ],
)
def test_a_wrong_group_is_refused(tmp_path: Path, change: tuple[str, str], code: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, GROUP.replace(*change))
    assert code in {problem.code for problem in caught.value.problems}
    errors = [p for p in caught.value.problems if p.severity == "error"]
    assert all(p.place is not None and "group.yaml" in p.place.file for p in errors)


def test_what_is_not_simulated_is_said(tmp_path: Path) -> None:
    topology = "spec: {schedulingConstraints: {topology: [{key: rack}]}, "
    (only,) = read(tmp_path, GROUP.replace("spec: {", topology)).problems
    assert only.code == "W105"
    assert "schedulingConstraints" in only.message


def test_the_podgroup_of_others_is_not_ours(tmp_path: Path) -> None:
    other = GROUP.replace("scheduling.k8s.io/v1alpha2", "scheduling.x-k8s.io/v1alpha1")
    problems = read(tmp_path, other).problems
    assert [p.code for p in problems] == ["W104", "W109"]
    assert problems[0].hint == "simulated is PodGroup of scheduling.k8s.io/v1alpha2"


def test_an_unknown_gate_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, GROUP, "{name: kube_scheduler, featureGates: {GangSheduling: true}}")
    (only,) = caught.value.problems
    assert only.code == "E101"
    assert only.hint is not None
    assert "GangScheduling" in only.hint
