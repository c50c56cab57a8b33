"""Every verb of the timeline as the entry that a file would have."""

from __future__ import annotations

from datetime import timedelta
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import pytest

from simk8s.python.verbs import Moment
from simk8s.scenario.schema import Scenario as Schema
from tests.python.made import TEMPLATE, WEB, small

HAS_TIMELINE = "timeline" in Schema.model_fields
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, **TEMPLATE}
DEPLOYMENT = {"name": "shop", "deployment": {"replicas": 2, "template": TEMPLATE}}
SCENARIO = small(
    nodes=[{"name": "n", "profile": "m5.xlarge", "count": 3, "zones": ["a", "b"]}],
    workload=[WEB, DEPLOYMENT],
)
AT = SCENARIO.at("1m")
SHOP = "deployment/shop"
CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ("apply", AT.apply(POD), {"apply": [POD]}),
    (
        "apply",
        AT.apply(POD, namespace="default"),
        {"namespace": "default", "apply": [POD]},
    ),
    ("delete", AT.delete(SHOP, "pod/web-1"), {"delete": [SHOP, "pod/web-1"]}),
    ("scale", AT.scale(SHOP, replicas=5), {"scale": {"object": SHOP, "replicas": 5}}),
    (
        "set_image",
        AT.set_image(SHOP, {"c": "x:2"}),
        {"setImage": {"object": SHOP, "images": {"c": "x:2"}}},
    ),
    (
        "set_image",
        AT.set_image(SHOP, "x:2"),
        {"setImage": {"object": SHOP, "images": {"*": "x:2"}}},
    ),
    ("rollout_undo", AT.rollout_undo(SHOP), {"rolloutUndo": SHOP}),
    (
        "rollout_undo",
        AT.rollout_undo(SHOP, to_revision=1),
        {"rolloutUndo": {"object": SHOP, "toRevision": 1}},
    ),
    ("rollout_pause", AT.rollout_pause(SHOP), {"rolloutPause": SHOP}),
    ("rollout_resume", AT.rollout_resume(SHOP), {"rolloutResume": SHOP}),
    ("rollout_restart", AT.rollout_restart(SHOP), {"rolloutRestart": SHOP}),
    ("cordon", AT.cordon("n-0"), {"cordon": "n-0"}),
    ("cordon", AT.cordon("n-0", names=["n-1"]), {"cordon": {"names": ["n-0", "n-1"]}}),
    ("uncordon", AT.uncordon(zone="a", count=1), {"uncordon": {"zone": "a", "count": 1}}),
    ("drain", AT.drain("n-0"), {"drain": {"nodes": "n-0"}}),
    (
        "drain",
        AT.drain(
            zone="a",
            grace_period=timedelta(seconds=30),
            timeout="10m",
            parallel=2,
            ignore_daemon_sets=False,
            force=True,
        ),
        {
            "drain": {
                "nodes": {"zone": "a"},
                "gracePeriod": "30s",
                "timeout": "10m",
                "parallel": 2,
                "ignoreDaemonSets": False,
                "force": True,
            }
        },
    ),
    (
        "taint",
        AT.taint(zone="b", add=["k=v:NoSchedule"], remove=["k2:NoExecute"]),
        {"taint": {"nodes": {"zone": "b"}, "add": ["k=v:NoSchedule"], "remove": ["k2:NoExecute"]}},
    ),
    (
        "label",
        AT.label("n-0", set={"a": "b"}, remove=["c"]),
        {"label": {"nodes": "n-0", "set": {"a": "b"}, "remove": ["c"]}},
    ),
    (
        "label",
        AT.label(object=SHOP, set={"a": "b"}),
        {"label": {"object": SHOP, "set": {"a": "b"}}},
    ),
    (
        "add_nodes",
        AT.add_nodes("m5.xlarge", count=2, zones=["a"], price_per_hour=1.5),
        {
            "addNodes": {
                "profile": "m5.xlarge",
                "count": 2,
                "zones": ["a"],
                "pricePerHour": 1.5,
            }
        },
    ),
    ("remove_nodes", AT.remove_nodes(names=["n-0"]), {"removeNodes": {"names": ["n-0"]}}),
    (
        "set_arrival_rate",
        AT.set_arrival_rate("web", factor=2),
        {"setArrivalRate": {"workload": "web", "factor": 2}},
    ),
    (
        "set_arrival_rate",
        AT.set_arrival_rate("web", rate="30/min"),
        {"setArrivalRate": {"workload": "web", "rate": "30/min"}},
    ),
]


@pytest.mark.parametrize(("verb", "scenario", "entry"), CASES)
def test_a_verb_is_an_entry(verb: str, scenario: Any, entry: dict[str, Any]) -> None:
    assert scenario.data["timeline"] == [{"at": "1m", **entry}]
    assert {k: v for k, v in scenario.data.items() if k != "timeline"} == SCENARIO.data


@pytest.mark.skipif(not HAS_TIMELINE, reason="this schema has no timeline yet")
@pytest.mark.parametrize(("verb", "scenario", "entry"), CASES)
def test_the_schema_takes_it(verb: str, scenario: Any, entry: dict[str, Any]) -> None:
    scenario.check()


@pytest.mark.parametrize("verb", ["cordon", "uncordon", "drain", "taint", "label", "remove_nodes"])
def test_help_and_notebooks_see_every_keyword_of_nodes(verb: str) -> None:
    shown = signature(getattr(AT, verb)).parameters
    assert {"node", "names", "selector", "zone", "group", "count"} <= set(shown)
    assert Parameter.VAR_KEYWORD not in {parameter.kind for parameter in shown.values()}
    assert all(one.default is not Parameter.empty for one in shown.values())


@pytest.mark.parametrize("verb", ["cordon", "uncordon", "drain", "taint", "label", "remove_nodes"])
def test_another_keyword_is_refused(verb: str) -> None:
    with pytest.raises(TypeError, match="zones"):
        getattr(AT, verb)(zones="a")


def test_every_verb_is_tried() -> None:
    verbs = {name for name in vars(Moment) if not name.startswith("_")} - {"when", "add"}
    assert verbs == {verb for verb, _, _ in CASES}


def test_entries_follow_each_other() -> None:
    scenario = (
        small()
        .at(timedelta(minutes=1), name="morning")
        .cordon("n-0")
        .every("2m", start="30s", until=timedelta(minutes=8), times=3)
        .scale(SHOP, replicas=1, namespace="shop")
    )
    assert scenario.data["timeline"] == [
        {"name": "morning", "at": "1m", "cordon": "n-0"},
        {
            "every": "2m",
            "from": "30s",
            "until": "8m",
            "times": 3,
            "namespace": "shop",
            "scale": {"object": SHOP, "replicas": 1},
        },
    ]
    replaced = scenario.with_(timeline=[]).at("5m").uncordon("n-0")
    assert replaced.data["timeline"] == [{"at": "5m", "uncordon": "n-0"}]


def test_files_are_named_as_they_are() -> None:
    scenario = small().at("1m").apply(Path("app") / "v2.yaml", "more/*.yaml")
    assert scenario.data["timeline"][0]["apply"] == ["app/v2.yaml", "more/*.yaml"]


@pytest.mark.skipif(not HAS_TIMELINE, reason="this schema has no timeline yet")
def test_a_timeline_is_simulated() -> None:
    from simk8s import run

    found = run(SCENARIO.at("2m").scale(SHOP, replicas=6))
    assert found.pods.filter(found.pods["workload"] == "shop").height == 6
