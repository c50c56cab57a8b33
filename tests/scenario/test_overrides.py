"""`--set` and variants: paths by key, index, name and kind; where they lead nowhere, words."""

from __future__ import annotations

import pytest

from simk8s.errors import Place, UserError
from simk8s.scenario.overrides import apply, as_text, parse_setting, split
from simk8s.scenario.reading import read_document, read_value

TEXT = """\
nodes: [{count: 1, labels: {pool: a}}, {count: 2}]
workload: [{name: web, arrivals: {poisson: {rate: 1/s}}}]
faults: [{nodeCrash: {mtbf: 1d}}, {zoneOutage: {at: 1h}}]
"""


def changed(*overrides):
    document = read_document(TEXT, "f")
    return apply(document.data, document.positions, overrides)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("duration", ["duration"]),
        ("nodes.0.count", ["nodes", "0", "count"]),
        ("nodes[0].count", ["nodes", 0, "count"]),
        ('nodes[0].labels."a.b/c"', ["nodes", 0, "labels", "a.b/c"]),
        ("faults[+]", ["faults", "[+]"]),
    ],
)
def test_paths(path, steps):
    assert split(path) == steps


@pytest.mark.parametrize("bad", ["", "a..b", "a[", "a[x]", '"open', "a]"])
def test_paths_that_cannot_be_read(bad):
    with pytest.raises(ValueError, match="path"):
        split(bad)


def test_values_by_index_by_name_and_by_kind():
    data = changed(
        ("nodes.1.count", "7"),
        ("nodes[0].labels.zone", "no"),
        ("workload.web.arrivals.poisson.rate", "9/min"),
        ("faults.zoneOutage.at", "2h"),
        ("sampling.interval", "5m"),
        ("faults[+]", "{zoneOutage: {at: 3h}}"),
    )
    assert data["nodes"] == [{"count": 1, "labels": {"pool": "a", "zone": "no"}}, {"count": 7}]
    assert data["workload"][0]["arrivals"] == {"poisson": {"rate": "9/min"}}
    assert data["faults"][1:] == [{"zoneOutage": {"at": "2h"}}, {"zoneOutage": {"at": "3h"}}]
    assert data["sampling"] == {"interval": "5m"}


def test_a_kind_alone_replaces_its_parameters():
    assert changed(("faults.zoneOutage", "{at: 5h}"))["faults"][1] == {"zoneOutage": {"at": "5h"}}


def test_order_matters_and_the_last_wins():
    assert changed(("seed", "1"), ("seed", "2"))["seed"] == 2


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nodes.5.count", "2 entries"),
        ("workload.wbe.name", "no entry 'wbe'"),
        ("nodes.0.count.deep", "not a mapping or a list"),
        ("nodes..x", "cannot read the path"),
    ],
)
def test_paths_that_lead_nowhere(path, words):
    with pytest.raises(UserError, match=words) as caught:
        changed((path, "1"))
    problem = caught.value.problems[0]
    assert problem.code == "E108"
    assert str(problem).startswith(f"--set {path}=1: E108")


def test_all_bad_paths_are_reported_and_near_names_suggested():
    with pytest.raises(UserError) as caught:
        changed(("workload.wbe.name", "x"), ("a", "[1"))
    assert len(caught.value.problems) == 2
    assert caught.value.problems[0].hint == "did you mean 'web'?"


def test_places_may_be_given():
    document = read_document(TEXT, "f")
    apply(document.data, document.positions, [("nodes.0.count", "3")], [Place("f", 9, 9)])
    assert document.positions.place(("nodes", 0, "count")) == Place("f", 9, 9)
    assert document.positions.place(("nodes", 1, "count")).line == 1


def test_a_setting_is_split_at_its_first_equals_sign():
    assert parse_setting("a.b=c=d") == ("a.b", "c=d")
    assert parse_setting('labels."k=v"=x') == ('labels."k=v"', "x")
    with pytest.raises(UserError, match="path=value"):
        parse_setting("nodes.0.count")


@pytest.mark.parametrize("value", ["no", "1", 1, 1.5, True, None, {"a": [1, "x: y"]}, "ü\n"])
def test_a_variants_value_survives_as_text(value):
    assert read_value(as_text(value)) == value
