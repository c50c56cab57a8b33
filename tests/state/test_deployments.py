"""Deployments as records: rounding, defaults, generations, names of templates."""

from __future__ import annotations

import pytest

from simk8s.state.deployments import Deployment, Portion, hashed, template_hash

TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c"}]}}


def made(replicas, surge=None, unavailable=None, **spec):
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    written = {"replicas": replicas, "strategy": {"rollingUpdate": rolling}, "template": TEMPLATE}
    return Deployment.of({**written, **spec}, make=None)


@pytest.mark.parametrize(
    ("replicas", "expected"), [(1, (1, 0)), (3, (1, 0)), (4, (1, 1)), (10, (3, 2)), (100, (25, 25))]
)
def test_a_quarter_is_rounded_up_for_surge_and_down_for_unavailability(replicas, expected):
    assert made(replicas).fenceposts == expected


@pytest.mark.parametrize("nothing", [0, "0%"])
@pytest.mark.parametrize("replicas", [1, 7, 100])
def test_not_both_can_be_nothing(replicas, nothing):
    assert made(replicas, nothing, nothing).fenceposts == (0, 1)


def test_no_more_can_be_unavailable_than_there_are():
    assert made(3, 1, 10).fenceposts == (1, 3)
    assert made(0, 1, 10).fenceposts == (1, 0)


def test_recreate_has_no_fenceposts():
    assert made(10, strategy={"type": "Recreate"}).fenceposts == (0, 0)


def test_defaults():
    bare = Deployment.of({"template": TEMPLATE}, make=None)
    assert (bare.replicas, bare.history, bare.deadline_us) == (1, 10, 600_000_000)
    assert (bare.min_ready_us, bare.paused, bare.recreate) == (0, False, False)


@pytest.mark.parametrize("raw", ["25", "x%", 2.5, True, None])
def test_what_is_no_portion(raw):
    with pytest.raises((ValueError, TypeError)):
        Portion.parse(raw)


def test_a_generation_moves_with_the_spec_alone():
    first = made(3)
    assert first.respecified(first.spec) is first
    scaled = first.respecified({**first.spec, "replicas": 4})
    assert (scaled.generation, scaled.replicas) == (2, 4)
    assert scaled.template_hash == first.template_hash


def test_names_of_templates():
    other = {**TEMPLATE, "spec": {"containers": [{"name": "d"}]}}
    assert template_hash(TEMPLATE) == template_hash(dict(TEMPLATE))
    assert template_hash(TEMPLATE) != template_hash(other)
    labels = hashed(TEMPLATE, "abc")["metadata"]["labels"]
    assert labels == {"app": "a", "pod-template-hash": "abc"}
    assert TEMPLATE["metadata"]["labels"] == {"app": "a"}
