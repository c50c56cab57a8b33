"""Loading: good input becomes base units; bad input is every problem at its place, in words."""

from __future__ import annotations

import copy
import pickle
import random

import pytest

from simk8s.errors import UserError
from simk8s.scenario.variants import of_scenario

HOUR = 3_600_000_000


def test_a_good_scenario_is_read_in_base_units(bench):
    loaded = bench.load()
    scenario = loaded.scenario
    assert scenario.duration == HOUR
    assert scenario.seed == 0
    assert scenario.nodes[0].count == 2
    entry = scenario.workload[0]
    assert (entry.source, entry.arrivals.name) == ("arrivals", "poisson")
    assert entry.arrivals.params.rate == 5 / 60e6
    assert entry.lifetime.law == 300_000_000
    assert scenario.faults[0].name == "zone_outage"
    assert scenario.faults[0].params.lasts == 300_000_000
    assert scenario.strategy.name == "kube_scheduler"
    assert loaded.problems == ()
    assert loaded.text == bench.base


def test_the_strategy_takes_parameters(bench):
    text = bench.changed("strategy: kube_scheduler", "strategy: {name: cp_sat, window: 2s}")
    strategy = bench.load(text).scenario.strategy
    assert (strategy.name, strategy.params.window, strategy.params.max_batch) == (
        "cp_sat",
        2_000_000,
        200,
    )


def test_the_default_strategy_is_checked_too(bench):
    text = bench.changed("strategy: kube_scheduler\n", "")
    assert bench.load(text).scenario.strategy.name == "kube_scheduler"


def test_controllers_default_is_the_slots_own(bench):
    text = bench.base + "controllers: {replicaset: default, job: {name: job}}\n"
    controllers = bench.load(text).scenario.controllers
    assert {slot: c.name for slot, c in controllers.items()} == {
        "replicaset": "replicaset",
        "job": "job",
    }


def test_taints_are_written_as_in_kubectl_too(bench):
    text = bench.changed("zones: [a, b]", "zones: [a, b], taints: ['gpu=yes:PreferNoSchedule']")
    taint = bench.load(text).scenario.nodes[0].taints[0]
    assert (taint.key, taint.value, taint.effect) == ("gpu", "yes", "PreferNoSchedule")


# --- bad input: (change, code, line, column, words in the message, words in the hint)
BAD = [
    ("duration: 1h", "duratoin: 1h", "E101", 3, 1, "unknown key 'duratoin'", "'duration'"),
    ("count: 2", "count: -2", "E104", 5, 34, "negative", None),
    ("count: 2", "count: 2.5", "E104", 5, 34, "whole number", None),
    ("count: 2", "cuont: 2", "E101", 5, 27, "'cuont' in nodes[0]", "'count'"),
    ("count: 2", "count: [2]", "E104", 5, 34, "got a list", None),
    ("duration: 1h", "duration: 1 fortnight", "E104", 3, 11, "not a duration", None),
    ("duration: 1h", "duration: 1hour", "E104", 3, 11, "did you mean 'h'", None),
    ("duration: 1h", "duration: 0s", "E105", 3, 11, "must be above 0", None),
    ("apiVersion: simk8s/v1", "apiVersion: v1", "E106", 1, 13, "'simk8s/v1'", None),
    ("name: base", "name: Bad Name", "E105", 2, 7, "does not match", None),
    ("name: base", "name: 17", "E103", 2, 7, "expected text, got 17", "in quotes"),
    ("rate: 5/min", "rate: 5", "E104", 8, 32, "write it like 30/min", None),
    ("rate: 5/min", "rat: 5/min", "E101", 8, 26, "unknown key 'rat'", "'rate'"),
    ("poisson:", "poison:", "E201", 8, 16, "unknown arrival process 'poison'", "'poisson'"),
    ("zoneOutage:", "zone_outage:", "E201", 15, 5, "unknown fault", "'zoneOutage'"),
    ("for: 5m", "for: 5x", "E104", 15, 41, "unknown unit 'x'", None),
    ("for: 5m", "fro: 5m", "E101", 15, 36, "unknown key 'fro'", "'for'"),
    ("zone: b", "zone: c", "E302", 15, 24, "unknown zone 'c'", "a, b"),
    ("strategy: kube_scheduler", "strategy: kube_shceduler", "E201", 16, 11, "unknown", "'kube"),
    ("strategy: kube_scheduler", "strategy: mine.py", "E202", 16, 11, "does not exist", None),
    ("strategy: kube_scheduler", "strategy: [x]", "E103", 16, 11, "expected a name", None),
    ("strategy: kube_scheduler", "strategy: {window: 2s}", "E102", 16, 11, "`name`", None),
    (
        "strategy: kube_scheduler",
        "strategy: {name: cp_sat, window: 2 s}",
        "E104",
        16,
        34,
        "not a duration",
        None,
    ),
    (
        "strategy: kube_scheduler",
        "strategy: {name: cp_sat, widow: 2s}",
        "E101",
        16,
        26,
        "unknown key 'widow'",
        "'window'",
    ),
    ("profile: m5.4xlarge", "profile: m5.4xlrage", "E301", 5, 15, "unknown profile", "m5.4xlarge"),
    ("lifetime: 5m", "lifetime: {gauss: 5m}", "E101", 9, 16, "unknown key 'gauss'", "known here"),
    ("cpu: 500m", "cpu: 500q", "E104", 13, 53, "cpu: '500q'", None),
    ("containers:", "contianers:", "E102", 11, 7, "`containers` is missing", None),
    ("zones: [a, b]", "zones: [a, b], lables: {}", "E101", 5, 52, "'lables'", "'labels'"),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "column", "words", "hint"), BAD)
def test_bad_input_is_named_at_its_place(bench, old, new, code, line, column, words, hint):
    found = bench.problems(bench.changed(old, new))
    first = next(p for p in found if p.code == code)
    assert (first.place.line, first.place.column) == (line, column), str(first)
    assert words in first.message
    assert hint is None or hint in first.hint
    assert len(found) <= 2


def test_all_problems_are_reported_at_once_in_order(bench):
    text = bench.base.replace("count: 2", "count: -2").replace("5/min", "5").replace("500m", "1x")
    assert [(p.code, p.place.line) for p in bench.problems(text)] == [
        ("E104", 5),
        ("E104", 8),
        ("E104", 13),
    ]


def test_a_missing_key_is_placed_at_its_mapping(bench):
    code, line, _, message, _ = bench.one(bench.changed("duration: 1h\n", ""))
    assert (code, line, message) == ("E102", 1, "`duration` is missing")


def test_sources_exclude_each_other(bench):
    text = bench.changed("    lifetime: 5m\n", "    manifests: [x]\n")
    code, line, _, message, _ = bench.one(text)
    assert (code, line) == ("E107", 7)
    assert "arrivals and manifests" in message


def test_a_missing_file_is_named(bench):
    with pytest.raises(UserError) as caught:
        bench.load(None)
    assert caught.value.problems[0].code == "E001"


def test_a_users_own_strategy_is_read_beside_the_scenario(bench):
    bench.write(
        "mine.py",
        """
        from pydantic import BaseModel
        class Params(BaseModel, extra="forbid"):
            depth: int = 1
        class Mine: ...
        """,
    )
    text = bench.changed("strategy: kube_scheduler", "strategy: {name: mine.py, depth: 4}")
    strategy = bench.load(text).scenario.strategy
    assert (strategy.name, strategy.params.depth) == ("mine.py", 4)
    code, *_, hint = bench.one(text.replace("depth: 4", "detph: 4"))
    assert (code, hint) == ("E101", "did you mean 'depth'?")


def test_a_users_own_strategy_with_a_syntax_error_names_its_own_line(bench):
    path = bench.write("mine.py", "x = 1\ndef broken(:\n")
    text = bench.changed("strategy: kube_scheduler", "strategy: mine.py")
    found = bench.problems(text)[0]
    assert (found.code, found.place.file, found.place.line) == ("E203", str(path), 2)


def test_overrides_change_the_data_the_text_and_the_hash(bench):
    plain = bench.load()
    changed = bench.load(overrides=[("nodes[0].count", "7"), ("strategy", "first_fit")])
    assert changed.scenario.nodes[0].count == 7
    assert changed.scenario.strategy.name == "first_fit"
    assert changed.hash != plain.hash
    assert "nodes[0].count = 7" in changed.text
    again = bench.load(changed.text)
    assert again.scenario == changed.scenario
    assert again.hash == changed.hash


def test_a_bad_override_is_blamed_on_the_command_line(bench):
    found = bench.problems(bench.base, overrides=[("nodes[0].count", "-7")])
    assert str(found[0]).startswith("--set nodes[0].count=-7: E104")


def test_vary_adds_overrides_to_those_before(bench):
    loaded = bench.load(overrides=[("seed", "5")]).vary([("nodes[0].count", "9")])
    assert (loaded.scenario.seed, loaded.scenario.nodes[0].count) == (5, 9)


def test_variants_are_checked_where_they_are_written(bench):
    text = bench.base + "variants:\n  big: {nodes.0.count: 9}\n  odd: {nodes.0.cuont: 9}\n"
    code, line, column, message, _ = bench.one(text)
    assert (code, line, column) == ("E101", 19, 9)
    assert "cuont" in message


WHOLE = ("strategy: first_fit", "strategy: {name: first_fit}")
PART = "strategy.window: 3s"
CP_SAT = ("strategy: kube_scheduler", "strategy: {name: cp_sat, window: 7s}")


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("turned", [False, True])
def test_variants_do_not_refuse_each_other(bench, whole, turned):
    lines = [f"  whole: {{{whole}}}\n", f"  part: {{{PART}}}\n"]
    text = bench.changed(*CP_SAT) + "variants:\n" + "".join(lines[::-1] if turned else lines)
    loaded = bench.load(text)
    varied = {name: loaded.vary(loaded.variant(name)).scenario for name in ("whole", "part")}
    assert varied["whole"].strategy.name == "first_fit"
    assert varied["part"].strategy.params.window == 3_000_000
    again = bench.load(text, overrides=[("strategy", "first_fit")])
    assert again.scenario.strategy.name == "first_fit"


def test_a_variant_may_need_what_overrides_have_made(bench):
    text = bench.base + "variants:\n  more: {nodes.1.count: 5}\n"
    assert bench.one(text)[0] == "E108"
    found = bench.load(text, overrides=[("nodes[+]", "{name: b, profile: m5.4xlarge, count: 1}")])
    assert found.vary(found.variant("more")).scenario.nodes[1].count == 5


def test_a_variant_that_never_makes_a_scenario_is_refused_with_overrides_too(bench):
    text = bench.base + "variants:\n  odd: {nodes.0.cuont: 9}\n"
    (found,) = bench.problems(text, overrides=[("seed", "3")])
    assert (found.code, found.place.line) == ("E101", 18)


def test_what_a_variant_does_wrong_is_said_where_it_is_written(bench):
    loaded = bench.load(
        bench.base + "variants:\n  none: {faults.zoneOutage.zone: x}\n  two: {seed: 2}\n"
    )
    (none, two) = of_scenario(loaded)
    assert two.of(loaded).scenario.seed == 2
    with pytest.raises(UserError) as caught:
        none.of(loaded)
    assert {p.place.line for p in caught.value.problems if p.severity == "error"} == {18}


def test_a_variants_overrides_are_given_by_name(bench):
    text = (
        bench.base + "variants:\n  sat: {strategy: {name: cp_sat, window: 3s}}\n  ff: first_fit\n"
    )
    loaded = bench.load(text)
    varied = loaded.vary(loaded.variant("sat"))
    assert varied.scenario.strategy.params.window == 3_000_000
    assert loaded.vary(loaded.variant("ff")).scenario.strategy.name == "first_fit"
    with pytest.raises(UserError, match="unknown variant 'nope'"):
        loaded.variant("nope")


def test_the_hash_follows_the_files_that_are_named(bench):
    bench.write("nodes.csv", "a")
    text = bench.changed(
        "{profile: m5.4xlarge, count: 2, zones: [a, b]}", "{csv: nodes.csv, format: openb}"
    )
    text = text.replace("faults:\n  - zoneOutage: {zone: b, at: 10m, for: 5m}\n", "")
    before = bench.load(text).hash
    bench.write("nodes.csv", "b")
    assert bench.load(text).hash != before
    assert bench.load(text).hash == bench.load(text + "# a comment\n").hash


def test_positions_of_values_are_kept(bench):
    place = bench.load().place_of(("workload", 0, "arrivals", "poisson", "rate"))
    assert (place.line, place.column) == (8, 32)


def test_a_scenario_can_be_pickled_and_copied(bench):
    scenario = bench.load().scenario
    assert copy.deepcopy(scenario) == scenario
    assert pickle.loads(pickle.dumps(scenario)) == scenario


@pytest.mark.parametrize("seed", range(150))
def test_mutilated_files_never_give_a_traceback(bench, seed):
    rng = random.Random(seed)
    text = list(bench.base)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(text))
        how = rng.randrange(4)
        if how == 0:
            del text[at : at + rng.randint(1, 12)]
        elif how == 1:
            text.insert(at, rng.choice("{}[]:,&*!|>%@`'\"-#\t\n 0x~éΩ\x00"))
        elif how == 2:
            text[at] = rng.choice("abcdefgh0123456789{}[]:-\n ")
        else:
            start = rng.randrange(len(text))
            text[at:at] = text[start : start + rng.randint(1, 40)]
    assert all(p.code and p.message for p in bench.problems("".join(text)))
