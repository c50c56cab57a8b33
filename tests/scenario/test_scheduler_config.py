"""KubeSchedulerConfiguration files: what is refused, where, with which hint."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from simk8s.errors import Problem, UserError
from simk8s.scenario._scheduler_schema import ARGS, POINTS
from simk8s.scenario.scheduler_config import read_scheduler_config

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"

WHOLE = """\
    parallelism: 16
    percentageOfNodesToScore: 30
    podInitialBackoffSeconds: 2
    podMaxBackoffSeconds: 20
    leaderElection: {leaderElect: true, leaseDuration: 15s}
    clientConnection: {kubeconfig: /etc/kubernetes/scheduler.conf, qps: 100, burst: 200}
    profiles:
      - schedulerName: default-scheduler
        plugins:
          multiPoint:
            disabled: [{name: ImageLocality}]
          score:
            enabled: [{name: NodeResourcesFit, weight: 5}]
            disabled: [{name: NodeResourcesFit}]
        pluginConfig:
          - name: NodeResourcesFit
            args:
              apiVersion: kubescheduler.config.k8s.io/v1
              kind: NodeResourcesFitArgs
              ignoredResources: [example.com/foo]
              scoringStrategy:
                type: RequestedToCapacityRatio
                resources: [{name: cpu, weight: 3}, {name: memory}]
                requestedToCapacityRatio:
                  shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]
          - name: PodTopologySpread
            args:
              defaultingType: List
              defaultConstraints:
                - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}
          - name: InterPodAffinity
            args: {hardPodAffinityWeight: 7}
          - name: DefaultPreemption
            args: {minCandidateNodesPercentage: 20, minCandidateNodesAbsolute: 10}
          - name: VolumeBinding
            args: {bindTimeoutSeconds: 60}
          - name: NodeAffinity
            args:
              addedAffinity:
                requiredDuringSchedulingIgnoredDuringExecution:
                  nodeSelectorTerms:
                    - matchExpressions: [{key: pool, operator: In, values: [a]}]
      - schedulerName: batch
        percentageOfNodesToScore: 100
"""


def written(folder: Path, text: str, head: str = HEAD) -> Path:
    path = folder / "scheduler.yaml"
    path.write_text(head + dedent(text), encoding="utf-8")
    return path


def refused(folder: Path, text: str, head: str = HEAD) -> list[Problem]:
    with pytest.raises(UserError) as caught:
        read_scheduler_config(written(folder, text, head))
    return caught.value.problems


def test_a_whole_file_comes_back_as_written(tmp_path: Path) -> None:
    found = read_scheduler_config(written(tmp_path, WHOLE))
    assert found.data["profiles"][1]["schedulerName"] == "batch"
    assert not found.problems


REFUSED = [
    ("percentageOfNodesToScore: 101", "E105", 3, "must be at most 100"),
    ("parallelism: 0", "E105", 3, "must be at least 1"),
    ('parallelism: "8"', "E103", 3, "whole number"),
    ("podMaxBackoff: 3", "E101", 3, "podMaxBackoff"),
    ("pod_max_backoff_seconds: 3", "E101", 3, "pod_max_backoff_seconds"),
    ("{podInitialBackoffSeconds: 20}", "E105", 3, "podInitialBackoffSeconds (20)"),
    ("profiles:\n  - {}\n  - {schedulerName: default-scheduler}", "E304", 5, "two profiles"),
    ("profiles: [{plugins: {scores: {}}}]", "E101", 3, "'scores'"),
    (
        "profiles: [{plugins: {score: {enabled: [{name: ImageLocalty}]}}}]",
        "E201",
        3,
        "unknown plugin 'ImageLocalty'",
    ),
    (
        "profiles: [{plugins: {filter: {disabled: [{name: Nope}]}}}]",
        "E201",
        3,
        "unknown plugin 'Nope'",
    ),
    (
        "profiles: [{plugins: {score: {enabled: [{name: NodeName}]}}}]",
        "E105",
        3,
        "NodeName does not extend score",
    ),
    (
        "profiles:\n- plugins:\n    score:\n      enabled:\n"
        "      - {name: ImageLocality}\n      - {name: ImageLocality}",
        "E304",
        8,
        "enabled twice",
    ),
    (
        'profiles: [{plugins: {multiPoint: {disabled: [{name: "*"}]}}}]',
        "E105",
        3,
        "at least one queue sort plugin is needed",
    ),
    (
        "profiles: [{plugins: {bind: {disabled: [{name: DefaultBinder}]}}}]",
        "E105",
        3,
        "at least one bind plugin",
    ),
    (
        "profiles:\n- pluginConfig:\n  - name: InterPodAffinity\n"
        "    args:\n      hardPodAffinityWeight: 200",
        "E105",
        7,
        "at most 100",
    ),
    (
        "profiles:\n- pluginConfig:\n  - name: InterPodAffinity\n"
        "    args:\n      hardPodAffinityWeigth: 2",
        "E101",
        7,
        "hardPodAffinityWeigth",
    ),
    ("profiles: [{pluginConfig: [{name: NodeName, args: {a: 1}}]}]", "E105", 3, "no arguments"),
    ("profiles: [{pluginConfig: [{name: NodeNam, args: {}}]}]", "E201", 3, "'NodeNam'"),
    (
        "profiles: [{pluginConfig: [{name: NodePorts}, {name: NodePorts}]}]",
        "E304",
        3,
        "given twice",
    ),
    (
        "profiles: [{pluginConfig: [{name: VolumeBinding, args: {kind: XArgs}}]}]",
        "E105",
        3,
        "expected kind VolumeBindingArgs",
    ),
    (
        "profiles: [{pluginConfig: [{name: NodeResourcesFit, "
        "args: {scoringStrategy: {type: RequestedToCapacityRatio}}}]}]",
        "E102",
        3,
        "shape",
    ),
    (
        "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: "
        "RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 5, score: 1},"
        " {utilization: 5, score: 2}]}}}}]}]",
        "E105",
        3,
        "must rise",
    ),
    (
        "profiles: [{pluginConfig: [{name: PodTopologySpread, args: {defaultConstraints: "
        "[{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway}]}}]}]",
        "E105",
        3,
        "defaultingType",
    ),
]


@pytest.mark.parametrize(("text", "code", "line", "words"), REFUSED)
def test_what_kube_scheduler_refuses(
    tmp_path: Path, text: str, code: str, line: int, words: str
) -> None:
    body = text.strip("{}") if text.startswith("{pod") else text
    found = refused(tmp_path, body)
    first = next(p for p in found if p.code == code)
    assert words in first.message
    assert first.place is not None
    assert first.place.file.endswith("scheduler.yaml")
    if "podInitial" not in words:
        assert first.place.line == line


def test_did_you_mean(tmp_path: Path) -> None:
    text = "profiles: [{plugins: {score: {enabled: [{name: ImageLocalty}]}}}]"
    assert refused(tmp_path, text)[0].hint == "did you mean 'ImageLocality'?"
    text = "profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWigth: 1}}]}]"
    assert refused(tmp_path, text)[0].hint == "did you mean 'hardPodAffinityWeight'?"


def test_another_kind_or_version_is_refused(tmp_path: Path) -> None:
    head = "apiVersion: kubescheduler.config.k8s.io/v1beta3\nkind: KubeSchedulerConfiguration\n"
    assert refused(tmp_path, "", head)[0].code == "E106"
    assert refused(tmp_path, "a: 1", "")[0].code in ("E101", "E102")


def test_extenders_are_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path, "extenders: [{urlPrefix: 'http://x', filterVerb: filter}]")
    assert [p.code for p in read_scheduler_config(path).problems] == ["W105"]


def test_plugins_of_the_catalogue_may_filter_and_score(tmp_path: Path) -> None:
    path = written(tmp_path, "profiles: [{plugins: {score: {enabled: [{name: BestFit}]}}}]")
    assert read_scheduler_config(path, ["BestFit"]).data
    path = written(tmp_path, "profiles: [{plugins: {multiPoint: {enabled: [{name: BestFit}]}}}]")
    with pytest.raises(UserError, match="does not extend multiPoint"):
        read_scheduler_config(path, ["BestFit"])


def test_every_plugin_with_arguments_is_a_plugin() -> None:
    assert set(ARGS) <= set(POINTS)


NOTED = [
    ("reserve: {disabled: [{name: VolumeBinding}]}", "reserve are not simulated"),
    ("preBind: {enabled: [{name: VolumeBinding}]}", "preBind are not simulated"),
    ('postBind: {disabled: [{name: "*"}]}', "postBind are not simulated"),
    ("permit: {enabled: [{name: GangScheduling}]}", "while its feature gate is off"),
]


@pytest.mark.parametrize(("set_of_plugins", "words"), NOTED)
def test_what_has_no_effect_is_said(tmp_path: Path, set_of_plugins: str, words: str) -> None:
    path = tmp_path / "scheduler.yaml"
    path.write_text(f"{HEAD}profiles: [{{plugins: {{{set_of_plugins}}}}}]\n")
    (only,) = read_scheduler_config(path).problems
    assert only.code == "W105"
    assert words in only.message
    if "GangScheduling" in set_of_plugins:
        assert not read_scheduler_config(path, features=("GangScheduling",)).problems


def test_what_has_an_effect_needs_no_word(tmp_path: Path) -> None:
    path = tmp_path / "scheduler.yaml"
    path.write_text(
        HEAD + "profiles: [{plugins: {preEnqueue: {disabled: [{name: SchedulingGates}]}, "
        "bind: {enabled: [{name: DefaultBinder}]}, permit: {disabled: [{name: GangScheduling}]}}}]"
    )
    assert not read_scheduler_config(path).problems
