"""Pulls: layers, bandwidth, pullers, limits, back-off, garbage collection."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from simk8s.nodes.images import MISSING, PULL_QPS, TOO_MANY, NodeImages
from simk8s.nodes.settings import MIB, Image
from simk8s.state.audit import audit
from simk8s.state.pods import NEVER, Phase
from tests.nodes.exact import (
    ADMIT,
    EXACT,
    MS,
    SANDBOX,
    SECOND,
    VOLUMES,
    exact,
    image,
    pod,
    pulling,
    registry,
)

ANSWER = 150 * MS
DOWN, UNPACK = 40 * MS, 30 * MS
"""Of one MiB."""
ALWAYS, IF_ABSENT = "Always", "IfNotPresent"


def store(images, settings=EXACT, **more) -> NodeImages:
    return NodeImages(replace(settings, registry=registry(images, **more)))


def test_layers_come_three_at_a_time_and_are_unpacked_in_order() -> None:
    layers = (("a", 10 * MIB), ("b", 10 * MIB), ("c", 10 * MIB), ("d", 5 * MIB))
    images = store({"app": Image(layers)}, node_bytes_per_s=0)
    done, error = images.pull(0, "app:1", IF_ABSENT, 0)
    down = [ANSWER + 10 * DOWN] * 3 + [ANSWER + 15 * DOWN]
    t = 0
    for at, (_, size) in zip(down, layers, strict=True):
        t = max(t, at) + size // MIB * UNPACK
    assert (done, error) == (t, "")


def test_a_nodes_link_carries_no_more_than_it_can() -> None:
    images = store({"app": image(30, 3)}, node_bytes_per_s=25 * MIB, expansion_percent=100)
    done, _ = images.pull(0, "app:1", IF_ABSENT, 0)
    assert done == ANSWER + 30 * DOWN + 10 * 10 * MS  # the last layer is unpacked after the last


def test_the_registry_serves_all_nodes_through_one_pipe() -> None:
    images = store({"app": image(10)}, node_bytes_per_s=0, total_bytes_per_s=25 * MIB)
    ends = [images.pull(node, "app:1", IF_ABSENT, 0).done_us for node in range(4)]
    assert [b - a for a, b in pairwise(ends)] == [10 * DOWN] * 3


def test_what_two_images_share_comes_once() -> None:
    base = ("base", 100 * MIB)
    images = store({"a": Image((base, ("a", MIB))), "b": Image((base, ("b", MIB)))})
    first = images.pull(0, "a:1", IF_ABSENT, 0).done_us
    second = images.pull(0, "b:1", IF_ABSENT, first).done_us
    assert first > 100 * (DOWN + UNPACK)
    assert second - first == ANSWER + DOWN + UNPACK
    assert images.pulled_bytes == 102 * MIB


def test_pulls_one_after_another_or_side_by_side() -> None:
    """Serial: FIFO, the third waits for two. Parallel: limited by the link alone."""
    names = {name: image(10, name=name) for name in "abc"}
    one = ANSWER + 10 * (DOWN + UNPACK)
    serial = store(names)
    assert [serial.pull(0, f"{n}:1", IF_ABSENT, 0).done_us for n in names] == [
        one, 2 * one, 3 * one
    ]  # fmt: skip
    settings = replace(EXACT, serialize_image_pulls=False)
    parallel = store(names, settings, node_bytes_per_s=0)
    assert {parallel.pull(0, f"{n}:1", IF_ABSENT, 0).done_us for n in names} == {one}
    two = store(names, replace(settings, max_parallel_image_pulls=2), node_bytes_per_s=0)
    assert [two.pull(0, f"{n}:1", IF_ABSENT, 0).done_us for n in names] == [one, one, 2 * one]


def test_a_second_pod_does_not_pull_again_what_is_on_its_way() -> None:
    images = store({"app": image(10)}, replace(EXACT, serialize_image_pulls=False))
    first = images.pull(0, "app:1", IF_ABSENT, 0).done_us
    second = images.pull(0, "app:1", IF_ABSENT, 100 * MS).done_us
    assert second == first
    assert not images.ready(0, "app:1", IF_ABSENT, first - 1)
    assert images.ready(0, "app:1", IF_ABSENT, first)


def test_always_asks_the_registry_and_loads_nothing() -> None:
    images = store({"app": image(10)})
    done = images.pull(0, "app:1", ALWAYS, 0).done_us
    assert not images.ready(0, "app:1", ALWAYS, done)
    assert images.pull(0, "app:1", ALWAYS, done).done_us == done + ANSWER
    assert images.pulled_bytes == 10 * MIB


def test_more_than_five_pulls_a_second_fail_after_a_burst_of_ten() -> None:
    names = {f"i{n}": image(1, name=f"i{n}") for n in range(13)}
    images = store(names, replace(EXACT, serialize_image_pulls=False))
    errors = [images.pull(0, f"{n}:1", IF_ABSENT, 0).error for n in names]
    assert errors == [""] * 10 + [PULL_QPS] * 3
    assert images.pull(0, "i10:1", IF_ABSENT, 200 * MS).error == ""
    assert images.pull(0, "i11:1", IF_ABSENT, 399 * MS).error == PULL_QPS


def test_a_registry_counts_the_pulls_of_a_node() -> None:
    images = store({"app": image(1)}, pull_limit=2, pull_window_us=60 * SECOND)
    at = [0, 10 * SECOND, 20 * SECOND, 61 * SECOND, 62 * SECOND]
    errors = [images.pull(0, "app:1", ALWAYS, t).error for t in at]
    assert errors == ["", "", TOO_MANY, "", TOO_MANY]
    assert images.pull(1, "app:1", ALWAYS, 20 * SECOND).error == ""


def test_a_missing_image_is_asked_for_for_ever_with_growing_pauses() -> None:
    w = pulling({"app": image(1, exists=False)})
    asked = []
    attempt = w.kubelets._pulling.images.pull

    def spy(*args):
        asked.append(w.clock.now_us)
        found = attempt(*args)
        assert found.error == MISSING
        return found

    w.kubelets._pulling.images.pull = spy  # type: ignore[method-assign]
    p = w.create(pod("app"))[0]
    w.run(3_600 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[p] == Phase.PENDING
    assert pods.reasons[p] == "ImagePullBackOff"
    assert pods.pulled_us[p] == NEVER
    waits = [(b - a - ANSWER) / SECOND for a, b in pairwise(asked)]
    assert len(waits) > 8
    for wait, least in zip(waits, [10, 20, 40, 80, 160] + [300] * 20, strict=False):
        assert least <= wait <= 1.5 * least + 1


def test_an_image_that_must_not_be_pulled_and_is_not_there() -> None:
    w = pulling({"app": image(1)})
    manifest = pod("app")
    manifest["spec"]["containers"][0]["imagePullPolicy"] = "Never"
    p = w.create(manifest)[0]
    w.run(600 * SECOND)
    assert w.cluster.pods.phase[p] == Phase.PENDING
    assert w.cluster.pods.reasons[p] == "ErrImageNeverPull"
    w.user.write(w.store.delete_pod, p)
    w.run(610 * SECOND)
    assert w.cluster.pods.phase[p] == Phase.GONE


def test_a_preloaded_image_is_on_every_node() -> None:
    w = pulling({"app": image(5_000, preloaded=True)}, nodes=3)
    rows = w.create(pod("app"), 3)
    w.run(5 * SECOND)
    assert all(w.cluster.pods.phase[p] == Phase.RUNNING for p in rows)
    assert w.kubelets._pulling.images.pulls == 0


def test_a_node_pulls_an_image_once_for_all_its_pods() -> None:
    w = pulling({"app": image(100)}, nodes=2)
    w.create(pod("app"), 10)
    w.run(60 * SECOND)
    w.create(pod("app"), 10)
    w.run(120 * SECOND)
    images = w.kubelets._pulling.images
    assert images.pulled_bytes == 2 * 100 * MIB
    pods = w.cluster.pods
    late = [pods.pulled_us[p] - pods.seen_us[p] for p in range(10, 20)]
    assert min(late) == ADMIT + VOLUMES + SANDBOX
    assert max(late) < SECOND


def test_the_scheduler_hears_of_images_with_the_next_node_status() -> None:
    w = pulling({"app": image(100)}, nodes=2)
    w.create(pod("app"), 1)
    table = w.cluster.nodes.images
    w.run(9 * SECOND)
    assert w.cluster.pods.pulled_us[0] < 9 * SECOND
    assert table.rows == {}
    w.run(11 * SECOND)
    assert list(table.rows["app:1"]) == [w.cluster.pods.node[0]]
    assert table.sizes["app:1"] == 100 * MIB


def test_unused_images_are_collected_when_the_disk_is_full() -> None:
    """85 % of 100 GiB: the image that was unused for longest goes first, the running one never."""
    names = ["old", "running", "new"]
    size = 10_000  # MiB compressed, 30,000 unpacked
    images = {name: image(size, name=name) for name in names}
    w = pulling(images)
    for name in names:
        lifetime = -1 if name == "running" else 60 * SECOND
        w.create(pod(name), 1, lifetime_us=lifetime)
        w.run(w.clock.now_us + 2_000 * SECOND)
    held = w.kubelets._pulling.images._nodes[0].held
    assert sorted(held) == ["new:1", "running:1"]
    assert "old:1" not in w.cluster.nodes.images.rows
    w.create(pod("old"), 1)
    w.run(w.clock.now_us + 2_000 * SECOND)
    assert sorted(held) == ["old:1", "running:1"]
    audit(w.cluster)


def test_a_young_image_is_not_collected() -> None:
    images = store({"a": image(40_000, name="a")})
    done = images.pull(0, "a:1", IF_ABSENT, 0).done_us
    disk = 100 << 30
    assert images.crowded(0, disk)
    assert images.collect(0, disk, done + 119 * SECOND, ()) == []
    assert images.collect(0, disk, done + 120 * SECOND, ["a:1"]) == []
    assert images.collect(0, disk, done + 120 * SECOND, ()) == ["a:1"]
    assert not images.crowded(0, disk)


def test_a_crash_loses_what_was_on_its_way_alone() -> None:
    images = store({"a": image(10, name="a"), "b": image(10, name="b")})
    first = images.pull(0, "a:1", IF_ABSENT, 0).done_us
    images.pull(0, "b:1", IF_ABSENT, first)
    images.crashed(0, first + SECOND // 10)
    assert images.has(0, "a:1", 10 * first)
    assert not images.has(0, "b:1", 10 * first)


@pytest.mark.parametrize(
    ("name", "policy"), [("nginx", ALWAYS), ("nginx:latest", ALWAYS), ("nginx:1.25", IF_ABSENT)]
)
def test_the_default_policy_depends_on_the_tag(name: str, policy: str) -> None:
    w = exact()
    template = w.cluster.templates.parse({"spec": {"containers": [{"image": name}]}}, "default")
    from simk8s.nodes.lives import life_of

    assert life_of(template).steps[0].policy == policy
