"""What a scenario says of kubelets, runtimes, images and the behaviour of containers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from simk8s.scenario.annotations import NAMES, traits
from simk8s.scenario.control.kubelet import Kubelet
from simk8s.scenario.control.plane import ControlPlane

TEMPLATE = "    template:\n"
END = "strategy: kube_scheduler\n"


def noted(annotation: str) -> tuple[str, str]:
    return TEMPLATE, f"{TEMPLATE}      metadata: {{annotations: {{{annotation}}}}}\n"


CASES = [
    (*noted('simk8s.io/statrup: "5s"'), "E101", 11, "'simk8s.io/statrup'", "'simk8s.io/startup'"),
    (*noted("simk8s.io/stop: '{exponential: {mean: 0s}}'"), "E104", 11, "above zero", None),
    (*noted("simk8s.io/stop: '{normal: {mean: 1s}}'"), "E104", 11, "Extra inputs", None),
    (*noted('simk8s.io/failure-rate: "5"'), "E104", 11, "a share from 0 to 1", None),
    (*noted('simk8s.io/zzz: "5s"'), "E101", 11, "unknown annotation", "crash-after"),
    (*noted('simk8s.io/stop: "soon"'), "E104", 11, "simk8s.io/stop: 'soon'", None),
    (*noted('simk8s.io/exit-code: "-1"'), "E104", 11, "from 0 to 255", None),
    (END, END + "controlPlane: {kubelet: {registryPullQps: 3}}\n", "E101", 17, "registryPullQps",
     "registryPullQPS"),
    (END, END + "controlPlane: {kubelet: {admit: {p50: 2s, p99: 1s}}}\n", "E105", 17,
     "p99 must not be below", None),
    (END, END + "controlPlane: {kubelet: {imageGCLowThresholdPercent: 90}}\n", "E105", 17,
     "must be below imageGCHigh", None),
    (END, END + "controlPlane: {kubelet: {serializeImagePulls: true, maxParallelImagePulls: 2}}\n",
     "E105", 17, "does not go with", None),
    (END, END + "controlPlane: {kubelet: {crashLoopBackOff: {maxContainerRestartPeriod: 10m}}}\n",
     "E105", 17, "300000000", None),
    (END, END + "controlPlane: {runtime: dockr}\n", "E106", 17, "dockr", "docker"),
    (END, END + "images: {web: {size: 0}}\n", "E105", 17, "above 0", None),
    (END, END + "images: {web: {size: 1Gi, layers: [{digest: a, size: 1Mi}]}}\n", "E105", 17,
     "already give the size", None),
    (END, END + "images: {'nginx:1': 20Mi}\n", "W121", 17, "no pod runs", None),
    ("count: 2,", "count: 2, staticPods: [{spec: {containers: [{imag: a}]}}],", "E101", 5, "'imag'",
     "'image'"),
    ("{name: web, res", "{name: web, livenessProbe: {periodSecs: 1}, res", "E101", 13,
     "periodSecs", "periodSeconds"),
    ("{name: web, res", "{name: web, livenessProbe: {periodSeconds: -1}, res", "E105", 13,
     "0", None),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "line", "words", "hint"), CASES)
def test_mistakes_have_a_place_and_a_hint(bench, old, new, code, line, words, hint) -> None:
    found = bench.problems(bench.changed(old, new))
    ours = [p for p in found if p.code == code]
    assert ours, found
    assert ours[0].place.line == line
    assert words in ours[0].message
    assert hint is None or hint in (ours[0].hint or "")


def test_an_image_that_is_run_is_no_mistake(bench) -> None:
    text = bench.changed("{name: web, res", "{name: web, image: nginx, res")
    assert bench.problems(text + "images: {'nginx:latest': 20Mi}\n") == []


def test_annotations_say_what_containers_do() -> None:
    notes = {
        "simk8s.io/startup": "5s",
        "simk8s.io/run-seconds": "2.5",
        "simk8s.io/exit-code": "3",
        "simk8s.io/gpu-milli": "300",
        "other.io/startup": "9s",
    }
    found = traits(notes)
    assert (found.startup.law, found.run_duration.law, found.exit_code) == (5_000_000, 2_500_000, 3)
    assert (found.init_duration, found.crash_after, found.stop) == (None, None, None)


def test_annotations_may_be_distributions() -> None:
    found = traits({"simk8s.io/lifetime": "{exponential: {mean: 5m}}"})
    assert (found.lifetime.kind, found.lifetime.law.mean) == ("exponential", 300_000_000)


def test_every_annotation_is_explained() -> None:
    from simk8s.scenario import annotations

    text = annotations.__doc__ or ""
    for name in NAMES:
        assert f"simk8s.io/{name}" in text or name.startswith("gpu-")


@pytest.mark.parametrize(
    ("written", "serial"),
    [
        ({}, True),
        ({"serializeImagePulls": False}, False),
        ({"maxParallelImagePulls": 3}, False),
        ({"maxParallelImagePulls": 1}, True),
        ({"serializeImagePulls": False, "maxParallelImagePulls": 1}, False),
    ],
)
def test_when_pulls_are_serial(written, serial) -> None:
    assert Kubelet.model_validate(written).serial is serial


def test_kubernetes_defaults() -> None:
    own = ControlPlane.model_validate({}).kubelet
    assert (own.registry_pull_qps, own.registry_burst) == (5, 10)
    assert (own.image_gc_high_threshold_percent, own.image_gc_low_threshold_percent) == (85, 80)
    assert own.image_minimum_gc_age == 120_000_000
    assert own.pleg_relist_period == 1_000_000
    assert own.housekeeping_period == 2_000_000
    assert own.admit.p50 == 10_000


def test_profiles_differ_where_their_providers_do() -> None:
    def kubelet(name: str, **more):
        return ControlPlane.model_validate({"profile": name, **more}).kubelet

    assert kubelet("small").serial
    assert not kubelet("managed-eks-like").serial
    instant = kubelet("instant")
    assert instant.fake is not None
    assert (instant.fake.start.p99, instant.fake.stop.p99) == (0, 0)


def test_a_duration_alone_is_always_the_same() -> None:
    written = {"kubelet": {"fake": {"start": "500ms", "stop": {"p50": "1s", "p99": "2s"}}}}
    fake = ControlPlane.model_validate(written).kubelet.fake
    assert fake is not None
    assert (fake.start.p50, fake.start.p99) == (500_000, 500_000)
    assert (fake.stop.p50, fake.stop.p99) == (1_000_000, 2_000_000)


def test_the_examples_of_the_docs_are_valid(bench) -> None:
    text = (Path(__file__).parents[2] / "docs" / "nodes.md").read_text(encoding="utf-8")
    blocks = [part.split("```")[0] for part in text.split("```yaml\n")[1:]]
    assert len(blocks) == 3
    for block in blocks:
        keys = yaml.safe_load(block)
        base = yaml.safe_load(bench.base)
        for group in keys.get("nodes", ()):
            group["profile"] = "m5.4xlarge"
        found = bench.problems(yaml.safe_dump({**base, **keys, "faults": []}, sort_keys=False))
        assert [p for p in found if p.code != "W121"] == []
