"""Lint: what does not belong together, at its place; and silence when all is well."""

from __future__ import annotations

import pytest


def test_the_base_scenario_has_no_warnings(bench):
    assert bench.problems(bench.base) == []


CASES = [
    ("count: 2", "count: 0", "W108", 4, "no nodes"),
    ("at: 10m", "at: 2h", "W102", 15, "after the end"),
    ("rate: 5/min", "rate: 0/min", "W103", 8, "nothing ever arrives"),
    ("strategy: kube_scheduler", "sampling: {interval: 3h}", "W107", 16, "longer than"),
    ("memory: 1Gi", "memory: 100Gi", "W101", 10, "asks memory 100 GiB, the most for pods is 63"),
    ("cpu: 500m", "cpu: 15950m", "W101", 10, "asks cpu 15.95, the most for pods is 15.9"),
    ("requests: {cpu: 500m", "requests: {nvidia.com/gpu: 1, cpu: 500m", "W101", 10, "gpu 1"),
    ("      spec:\n", "      spec:\n        nodeSelector: {pool: x}\n", "W101", 10, "pool=x"),
    ("zones: [a, b]", "zones: [a, b], taints: ['k=v:NoExecute']", "W101", 10, "taint k"),
    (
        "      spec:\n",
        "      spec:\n        activeDeadlineSeconds: 9\n",
        "W105",
        12,
        "activeDeadlineSeconds is not simulated",
    ),
    ("      spec:\n", "      spec:\n        readinessGates: []\n", "W105", 12, "readinessGates"),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "words"), CASES)
def test_warnings(bench, old, new, code, line, words):
    found_code, found_line, _, message, _ = bench.one(bench.changed(old, new))
    assert (found_code, found_line) == (code, line), message
    assert words in message


def test_a_warning_does_not_stop_the_load(bench):
    loaded = bench.load(bench.changed("at: 10m", "at: 2h"))
    assert [p.severity for p in loaded.problems] == ["warning"]


@pytest.mark.parametrize(
    ("fits", "text"),
    [
        (True, "nodeSelector: {topology.kubernetes.io/zone: a}"),
        (False, "nodeSelector: {topology.kubernetes.io/zone: z}"),
        (True, "nodeSelector: {kubernetes.io/arch: amd64}"),
        (True, "nodeSelector: {node.kubernetes.io/instance-type: m5.4xlarge}"),
        (True, "tolerations: [{operator: Exists}]"),
        (False, "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
         "{nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [ssd]}]}]}}}"),
        (True, "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
         "{nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: DoesNotExist}]}]}}}"),
        (False, "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
         "{nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: Exists}]}]}}}"),
        (False, "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
         "{nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, "
         "operator: NotIn, values: [a, b]}]}]}}}"),
    ],
)  # fmt: skip
def test_where_a_template_may_go(bench, fits, text):
    found = bench.problems(bench.changed("      spec:\n", f"      spec:\n        {text}\n"))
    assert [p.code for p in found] == ([] if fits else ["W101"])


def test_a_tolerated_taint_is_no_obstacle(bench):
    text = bench.changed("zones: [a, b]", "zones: [a, b], taints: ['k=v:NoSchedule']")
    tolerant = text.replace(
        "      spec:\n",
        "      spec:\n        tolerations: [{key: k, value: v, effect: NoSchedule}]\n",
    )
    assert [p.code for p in bench.problems(text)] == ["W101"]
    assert bench.problems(tolerant) == []
    assert [p.code for p in bench.problems(tolerant.replace("value: v,", "value: w,"))] == ["W101"]


def test_the_closest_group_is_named(bench):
    text = bench.changed(
        "  - {profile: m5.4xlarge, count: 2, zones: [a, b]}",
        "  - {profile: m5.4xlarge, count: 2, zones: [a, b], taints: ['x=:NoSchedule']}\n"
        "  - {profile: c5.2xlarge, count: 2}",
    ).replace("cpu: 500m", "cpu: 20")
    assert "(c5.2xlarge)" in bench.one(text)[3]


def test_capacity_and_reserved_count(bench):
    node = "{capacity: {cpu: 8, memory: 32Gi}, count: 2, zones: [a, b], reserved: {cpu: 7600m}}"
    text = bench.changed("{profile: m5.4xlarge, count: 2, zones: [a, b]}", node)
    assert "the most for pods is 400m" in bench.one(text)[3]


def test_drawn_requests_are_not_judged_by_the_template(bench):
    text = bench.changed("cpu: 500m", "cpu: 500").replace(
        "    lifetime: 5m\n", "    lifetime: 5m\n    requests: {cpu: 1}\n"
    )
    assert bench.problems(text) == []


def test_names_twice(bench):
    entry = bench.base[bench.base.index("  - name: web") : bench.base.index("faults:")]
    code, line, _, message, _ = bench.one(bench.changed("faults:", f"{entry}faults:"))
    assert (code, line) == ("E304", 14)
    assert "first in line 7" in message


def test_jobs_without_lifetime_never_end(bench):
    text = bench.base[: bench.base.index("workload:")] + (
        "workload:\n  - {name: j, job: {template: {spec: {containers: [{name: m}]}}}}\n"
    )
    assert bench.one(text)[0] == "W106"
    assert bench.problems(text.replace("{name: j,", "{name: j, lifetime: 5m,")) == []


def test_no_workload(bench):
    text = bench.base[: bench.base.index("workload:")]
    assert bench.one(text)[0] == "W108"


def test_files_and_formats(bench):
    bench.write("traces/nodes.csv", "x")
    node = "{csv: traces/nodse.csv, format: opnb}"
    text = bench.changed("{profile: m5.4xlarge, count: 2, zones: [a, b]}", node)
    text = text.replace("zone: b, ", "zone: b, ").replace(
        "  - zoneOutage: {zone: b, at: 10m, for: 5m}\n", ""
    )
    text = text.replace("faults:\n", "")
    found = {p.code: p for p in bench.problems(text)}
    assert found["E303"].hint == "did you mean 'traces/nodes.csv'?"
    assert found["E201"].hint == "did you mean 'openb'?"


def test_a_replay_is_checked_against_its_formats_params(bench):
    base = bench.base[: bench.base.index("workload:")]
    good = base + "workload:\n  - {replay: {format: openb, path: pods.csv}}\n"
    assert bench.one(good)[:2] == ("E303", 7)
    bench.write("pods.csv", "x")
    loaded = bench.load(good)
    assert loaded.scenario.workload[0].replay.params.path == "pods.csv"
    assert {p.code for p in bench.problems(good.replace("path:", "paht:"))} == {"E101", "E102"}
    assert bench.one(good.replace("openb", "opnb"))[0] == "E201"
    assert bench.one(good.replace("format: openb, ", ""))[0] == "E102"


def test_without_knowledge_nothing_is_said_of_profiles(bench):
    text = bench.changed("m5.4xlarge", "z9.mega").replace("cpu: 500m", "cpu: 500")
    assert bench.problems(text, knowledge=None) == []
