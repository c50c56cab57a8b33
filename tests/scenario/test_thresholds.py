"""The grammar of `thresholds:`: what it takes, what it says about the rest, and where."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simk8s.scenario.codes import CODES
from simk8s.scenario.thresholds import Threshold, parse_target, read_thresholds
from simk8s.schema.kpis import KPIS, QUANTITIES
from tests.scenario.conftest import BASE

S = 1_000_000


def one(line):
    return Threshold.model_validate(line)


@pytest.mark.parametrize(
    ("written", "read", "limit"),
    [
        ("startup p99 < 5s", "startup p99 < 5s", 5 * S),
        ("startup_s_p99 < 5s", "startup p99 < 5s", 5 * S),
        ("startup_us_p99<300ms", "startup p99 < 300ms", 300_000),
        ("pod_startup p99.9 < 8s", "startup p99.9 < 8s", 8 * S),
        ("  readying P50 >= 1m  ", "readying p50 >= 1m", 60 * S),
        ("pending_share <= 1%", "pending_share <= 1%", 0.01),
        ("pending_share <= 0.01", "pending_share <= 0.01", 0.01),
        ("cpu_requested_mean > 60%", "cpu_utilisation_mean > 60%", 0.6),
        ("pods_created >= 1k", "pods_created >= 1k", 1000),
        ("nodes_used_mean < 2.5", "nodes_used_mean < 2.5", 2.5),
        ("lost_work_us < 10h", "lost_work_us < 10h", 36_000 * S),
        ("attempts_per_second > 90/min", "attempts_per_second > 90/min", 1.5),
        ("node_cost < $120", "node_cost < $120", 120),
        ({"kpi": "startup_p99", "below": "5s"}, "startup p99 < 5s", 5 * S),
        ({"kpi": "pods_lost", "atMost": 0}, "pods_lost <= 0", 0),
        ({"kpi": "startup p50", "above": 2}, "startup p50 > 2s", 2 * S),
        ({"kpi": "gpu_allocation_end", "atLeast": "90%"}, "gpu_allocation_end >= 90%", 0.9),
    ],
)
def test_what_it_reads(written, read, limit):
    found = one(written)
    assert (str(found), found.limit) == (read, limit)
    assert str(one(read)) == read


@pytest.mark.parametrize("name", KPIS)
def test_every_kpi_can_be_bounded(name):
    units = {"duration": "1s", "work": "1h", "share": "1%", "rate": "1/s", "node_time": "1h"}
    value = units.get(KPIS[name], "1")
    assert one(f"{name} < {value}").target.kind == KPIS[name]


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_quantity_has_any_percentile(name):
    assert parse_target(f"{name} p12.34").percent == 12.34


@pytest.mark.parametrize(("sign", "kept"), [("<", [1]), ("<=", [1, 2]), (">", [3]), (">=", [2, 3])])
def test_it_holds_what_its_sign_says(sign, kept):
    assert [n for n in (1, 2, 3) if one(f"pods_lost {sign} 2").holds(n)] == kept


@pytest.mark.parametrize(
    ("line", "code", "column", "words", "hint"),
    [
        ('"strtup p99 < 5s"', "E106", 14, "unknown KPI 'strtup p99'", "'startup p99'"),
        ("pending_shar < 1%", "E106", 14, "unknown KPI", "'pending_share'"),
        ("startup < 5s", "E105", 14, "needs a percentile", "startup p99"),
        ("startup p0 < 5s", "E105", 14, "no percentile", "at most 100"),
        ("startup p101 < 5s", "E105", 14, "no percentile", "at most 100"),
        ("startup p99 < 5", "E104", 14, "has no unit; write 5s", None),
        ("startup p99 < -5s", "E104", 14, "must not be negative", None),
        ("startup p99 < 60%", "E104", 14, "is not a duration", None),
        ("cpu_utilisation_mean > 60", "E104", 14, "write 60% if", None),
        ("pods_pending <= 1%", "E104", 14, "is not a quantity", "pending_share"),
        ("pods_lost p99 < 1", "E105", 14, "has no percentiles", "startup"),
        ("startup p99 == 5s", "E105", 14, "is not a threshold", "<, <=, > or >="),
        ("hello", "E105", 14, "is not a threshold", "startup p99 < 5s"),
        ("5", "E103", 14, "expected a mapping", None),
        ("{kpi: nope, below: 1}", "E106", 20, "unknown KPI 'nope'", None),
        ("{kpi: pods_lost, belw: 1}", "E101", 31, "unknown key 'belw'", "'below'"),
        ("{kpi: pods_lost}", "E107", 14, "expected one of below", None),
        ("{kpi: pods_lost, below: 1, above: 0}", "E107", 14, "got below and above", None),
        ("{kpi: pods_lost, below: true}", "E103", 14, "not true or false", None),
        ("{below: 1}", "E102", 14, "`kpi` is missing", None),
    ],
)
def test_what_it_says_about_the_rest(bench, line, code, column, words, hint):
    line_of_it = BASE.count("\n") + 1
    found = bench.one(f"{BASE}thresholds: [{line}]\n")
    assert found[:3] == (code, line_of_it, column)
    assert words in found[3]
    assert (hint or "") in (found[4] or "")


def test_problems_of_a_setting_name_the_setting(bench):
    problems = bench.problems(BASE, overrides=[("thresholds", "[nope < 1]")])
    assert [(p.code, p.place.line) for p in problems] == [("E106", 0)]


def test_a_variants_thresholds_are_checked_too(bench):
    text = f"{BASE}variants: {{x: {{thresholds: [startup p99 < 5]}}}}\n"
    assert [p.code for p in bench.problems(text)] == ["E104"]


def test_read_again_from_data():
    assert [str(t) for t in read_thresholds({"thresholds": ["pods_lost < 1"]})] == ["pods_lost < 1"]
    for data in (None, [], {}, {"thresholds": None}, {"thresholds": ["?"]}, {"thresholds": 3}):
        assert read_thresholds(data) == []


WORDS = st.sampled_from(
    [*KPIS, *QUANTITIES, "p99", "p", "p99.9", "<", "<=", ">", ">=", "=", "5s", "5", "60%", "%",
     "-1", "1e99", "$", "1/s", "nan", "inf", "_us", "startup_p99", "\u212a", "²", "p²", "٣s"]
)  # fmt: skip
LINES = st.one_of(
    st.lists(WORDS, max_size=6).map(" ".join), st.lists(WORDS, max_size=4).map("".join), st.text()
)
ODD = st.one_of(
    LINES, st.none(), st.booleans(), st.integers(), st.floats(), st.just([]), st.just({"a": 1})
)
MAPPINGS = st.dictionaries(st.sampled_from(["kpi", "below", "atMost", "above", "x"]), ODD)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(ODD, st.lists(st.one_of(LINES, MAPPINGS, ODD), max_size=3)))
def test_whatever_stands_there_is_read_or_told(bench, section):
    try:
        written = json.dumps(section, allow_nan=True)
    except (TypeError, ValueError):
        return
    for problem in bench.problems(f"{BASE}thresholds: {written}\n"):
        assert problem.code in CODES
        assert problem.place.line >= 1
        assert problem.message


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_what_is_read_reads_back(line):
    try:
        found = one(line)
    except ValueError:
        return
    assert one(str(found)).limit == found.limit
