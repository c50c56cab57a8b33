"""Configurations become profiles: merging, weights, arguments, settings."""

from __future__ import annotations

from typing import Any

from simk8s.placement.config import FILES, FILTERS, SCORES, configuration_of, profile_of
from simk8s.placement.framework import DEFAULT_FILTERS, DEFAULT_SCORES, Framework, Profile
from simk8s.scenario._scheduler_schema import POINTS


def one(**profile: Any) -> Profile:
    return configuration_of({"profiles": [profile]}).profiles["default-scheduler"]


def test_without_a_file_everything_is_as_shipped() -> None:
    configuration = configuration_of(None)
    (profile,) = configuration.profiles.values()
    assert profile.filters == DEFAULT_FILTERS
    assert profile.scores == DEFAULT_SCORES
    assert (profile.percentage, profile.ties) == (0, "as_v1_36")
    assert profile.post_filters == ("dynamic_resources", "default_preemption")
    assert (configuration.initial_backoff_us, configuration.max_backoff_us) == (10**6, 10**7)
    assert (configuration.qps, configuration.burst) == (50.0, 100)


def test_an_empty_list_of_profiles_is_the_default_one() -> None:
    assert list(configuration_of({"profiles": []}).profiles) == ["default-scheduler"]


def test_a_score_enabled_by_name_comes_first_with_its_weight() -> None:
    profile = one(plugins={"score": {"enabled": [{"name": "ImageLocality", "weight": 7}]}})
    assert profile.scores[0] == ("image_locality", 7)
    assert sorted(name for name, _ in profile.scores) == sorted(name for name, _ in DEFAULT_SCORES)


def test_a_star_leaves_what_is_enabled() -> None:
    profile = one(
        plugins={
            "score": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeAffinity"}]},
            "filter": {"disabled": [{"name": "NodePorts"}]},
        }
    )
    assert profile.scores == (("node_affinity", 1),)
    assert "node_ports" not in profile.filters
    assert "node_ports" in (profile.prefilters or ())


def test_multi_point_replaces_weights() -> None:
    profile = one(plugins={"multiPoint": {"enabled": [{"name": "NodeAffinity", "weight": 9}]}})
    assert dict(profile.scores)["node_affinity"] == 9


def test_no_default_preemption() -> None:
    profile = one(plugins={"postFilter": {"disabled": [{"name": "DefaultPreemption"}]}})
    assert profile.post_filters == ("dynamic_resources",)


def test_the_scoring_strategy_is_a_file() -> None:
    args = {
        "ignoredResources": ["a"],
        "scoringStrategy": {
            "type": "MostAllocated",
            "resources": [{"name": "cpu"}, {"name": "memory", "weight": 0}],
        },
    }
    profile = one(pluginConfig=[{"name": "NodeResourcesFit", "args": args}])
    assert ("most_allocated", 1) in profile.scores
    both = [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]
    assert profile.args["most_allocated"] == {"resources": both}
    assert profile.args["node_resources_fit"] == {"ignoredResources": ["a"]}
    Framework.of(profile)


def test_percentages_of_the_profile_the_file_and_the_scenario() -> None:
    config = {
        "percentageOfNodesToScore": 30,
        "profiles": [
            {"schedulerName": "a"},
            {"schedulerName": "b", "percentageOfNodesToScore": 0},
        ],
    }
    shares = {n: p.percentage for n, p in configuration_of(config).profiles.items()}
    assert shares == {"a": 30, "b": 0}
    forced = configuration_of(config, percentage=100).profiles.values()
    assert {p.percentage for p in forced} == {100}


def test_settings() -> None:
    configuration = configuration_of(
        {
            "podInitialBackoffSeconds": 2,
            "podMaxBackoffSeconds": 60,
            "clientConnection": {"qps": 500, "burst": 1000},
            "profiles": [
                {
                    "pluginConfig": [
                        {"name": "DefaultPreemption", "args": {"minCandidateNodesAbsolute": 7}},
                        {"name": "VolumeBinding", "args": {"bindTimeoutSeconds": 60}},
                        {"name": "InterPodAffinity", "args": {"hardPodAffinityWeight": None}},
                    ]
                }
            ],
        }
    )
    assert (configuration.initial_backoff_us, configuration.max_backoff_us) == (
        2 * 10**6,
        6 * 10**7,
    )
    assert (configuration.qps, configuration.burst) == (500.0, 1000)
    (profile,) = configuration.profiles.values()
    assert profile.candidates == (10, 7)
    Framework.of(profile)


def test_a_plugin_of_our_own_is_called_like_its_file() -> None:
    profile = one(plugins={"score": {"enabled": [{"name": "BestFit", "weight": 2}]}})
    assert ("best_fit", 2) in profile.scores
    Framework.of(profile)


def test_the_first_profile_with_every_node() -> None:
    assert profile_of(None).percentage == 100


def test_reader_and_expansion_know_the_same_plugins() -> None:
    assert set(FILES) <= set(POINTS)
    assert {n for n in FILES if "filter" in POINTS[n]} == set(FILTERS)
    assert {n for n in FILES if "score" in POINTS[n]} == set(SCORES)
