"""Variants: names and overrides from options, strategies and the scenario itself."""

from __future__ import annotations

import pytest

from simk8s.errors import UserError
from simk8s.scenario.variants import (
    Variant,
    checked,
    of_scenario,
    of_strategies,
    parse_variant,
    split_settings,
)


def test_strategies_are_shorthand(bench):
    loaded = bench.load()
    assert of_strategies(loaded, ["first_fit", "a/b/mine.py", "mine.py:Tight"]) == [
        Variant("first_fit", (("strategy", '"first_fit"'),)),
        Variant("mine", (("strategy", '"a/b/mine.py"'),)),
        Variant("Tight", (("strategy", '"mine.py:Tight"'),)),
    ]


def test_the_scenarios_own_strategy_keeps_its_parameters(bench):
    text = bench.changed("strategy: kube_scheduler", "strategy: {name: cp_sat, window: 7s}")
    loaded = bench.load(text)
    sat, fit = of_strategies(loaded, ["cp_sat", "first_fit"])
    assert loaded.vary(sat.overrides).scenario.strategy.params.window == 7_000_000
    assert loaded.vary(fit.overrides).scenario.strategy.name == "first_fit"


def test_a_variant_is_a_name_and_settings(bench):
    loaded = bench.load()
    found = parse_variant(loaded, "big: nodes.0.count=9, strategy={name: cp_sat, window: 2s}")
    assert found.name == "big"
    varied = loaded.vary(found.overrides).scenario
    assert (varied.nodes[0].count, varied.strategy.params.window) == (9, 2_000_000)


def test_a_variant_of_the_scenario_by_name(bench):
    loaded = bench.load(bench.base + "variants: {ff: first_fit, more: {nodes.0.count: 5}}\n")
    assert parse_variant(loaded, "more").overrides == (("nodes.0.count", "5"),)
    assert [v.name for v in of_scenario(loaded)] == ["ff", "more"]
    with pytest.raises(UserError, match="unknown variant 'x'"):
        parse_variant(loaded, "x")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a=1, b=2", ["a=1", "b=2"]),
        ("a={x: 1, y: [2, 3]}, b='c, d'", ["a={x: 1, y: [2, 3]}", "b='c, d'"]),
        ("", []),
        (" a=1 ,", ["a=1"]),
    ],
)
def test_settings_are_split_outside_brackets_and_quotes(text, parts):
    assert list(split_settings(text)) == parts


@pytest.mark.parametrize("name", ["", "../up", "a b", ".hidden", "x" * 64])
def test_names_must_be_good_for_folders(name):
    with pytest.raises(UserError, match="cannot be a variant's name"):
        checked([Variant(name, ())])


def test_names_differ():
    with pytest.raises(UserError, match="named twice"):
        checked([Variant("A", ()), Variant("a", ())])
    assert len(checked([Variant("a", ()), Variant("b", ())])) == 2
