"""When faults happen and whom they hit: schedules, groups, luck, recorded traces."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from simk8s import catalog
from simk8s.errors import UserError
from simk8s.faults.base import Context, NodeInfo
from simk8s.schema.labels import INSTANCE_LABEL, RACK_LABEL
from simk8s.units import US_PER_DAY, US_PER_HOUR, US_PER_SECOND
from tests.faults.conformance import nodes, timeline

MINUTE_US = 60 * US_PER_SECOND


def made(name, section):
    return catalog.resolve("faults", name), catalog.params_of("faults", name).model_validate(
        section
    )


def faults(name="node_crash", *, days=60, count=30, **section):
    section = {key.replace("lasts", "for"): value for key, value in section.items()}
    return timeline(*made(name, section), count=count, horizon_us=days * US_PER_DAY)


def test_once_for_all_selected_nodes():
    found = faults(at="6h", lasts="10m", select={"names": ["node-1", "node-2*"], "zone": "b"})
    assert [f.target for f in found] == ["node-1", "node-22", "node-25", "node-28"]
    assert {(f.at_us, f.duration_us) for f in found} == {(6 * US_PER_HOUR, 10 * MINUTE_US)}


def test_again_and_again():
    found = faults(at="1h", every="6h", lasts="5m", select={"names": "node-0"}, days=1)
    assert [f.at_us // US_PER_HOUR for f in found] == [1, 7, 13, 19]
    without_start = faults(every="6h", lasts="5m", select={"names": "node-0"}, days=1)
    assert [f.at_us // US_PER_HOUR for f in without_start] == [6, 12, 18, 24]


def test_gaps_and_durations_are_drawn():
    found = faults(
        every={"exponential": {"mean": "1h"}},
        lasts={"uniform": {"min": "1m", "max": "9m"}},
        select={"names": "node-0"},
        days=100,
    )
    gaps = np.diff([0, *(f.at_us for f in found)])
    assert gaps.mean() == pytest.approx(US_PER_HOUR, rel=0.05)
    assert np.mean([f.duration_us for f in found]) == pytest.approx(5 * MINUTE_US, rel=0.05)


def test_a_count_is_drawn_anew_each_time():
    found = timeline(*made("node_crash", {"every": "1d", "for": "5m", "count": 3}))
    by_time = {}
    for fault in found:
        by_time.setdefault(fault.at_us, []).append(fault.target)
    assert {len(hit) for hit in by_time.values()} == {3}
    assert len({tuple(hit) for hit in by_time.values()}) > 50


@pytest.mark.parametrize(
    ("by", "of"),
    [
        ("rack", lambda n: n.labels[RACK_LABEL]),
        ("zone", lambda n: n.zone),
        ("profile", lambda n: n.labels[INSTANCE_LABEL]),
    ],
)
def test_groups_fail_together(by, of):
    found = faults(mtbf={"exponential": {"mean": "10d"}}, mttr="1h", correlatedBy=by)
    assert len(found) > 3
    for fault in found:
        members = tuple(n.row for n in nodes(30) if of(n) == fault.target)
        assert fault.rows == members


def test_a_share_of_a_group():
    found = faults(mtbf="1d", mttr="1h", correlatedBy="zone", share=0.5)
    sizes = [len(fault.rows) for fault in found]
    assert np.mean(sizes) == pytest.approx(5, rel=0.15)
    assert len(set(sizes)) > 3
    assert len({fault.rows for fault in found}) > 50


def test_a_probability_takes_away_and_moves_nothing():
    every = {"mtbf": {"exponential": {"mean": "5d"}}, "mttr": "1h", "correlatedBy": "node"}
    sure = faults(**every, probability=0.999999)
    rare = faults(**every, probability=0.25)
    assert len(rare) / len(sure) == pytest.approx(0.25, abs=0.06)
    assert set(rare) <= set(sure)


def test_without_repair_a_machine_is_lost_once():
    found = faults(mtbf={"exponential": {"mean": "5d"}})
    assert {f.duration_us for f in found} == {None}
    assert len({f.rows for f in found}) == len(found) <= 30


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({}, "one of at"),
        ({"at": "1h", "mtbf": "1h"}, "no meaning with mtbf"),
        ({"mtbf": "1h", "trace": "x.csv"}, "one of at"),
        ({"at": "1h", "mttr": "1h"}, "without mtbf"),
        ({"mtbf": "1h", "mttr": "1h", "for": "1h"}, "no meaning with mtbf"),
        ({"at": "1h", "for": 0}, "greater than 0"),
        ({"at": "1h", "probability": 0}, "greater than 0"),
        ({"at": "1h", "correlatedBy": "moon"}, "node"),
    ],
)
def test_schedules_that_make_no_sense(section, words):
    with pytest.raises(ValidationError, match=words):
        made("node_crash", section)


@pytest.mark.parametrize("name", ["network_partition", "disk_full", "api_server_outage"])
def test_what_has_to_end_says_when(name):
    with pytest.raises(ValidationError, match="how long"):
        made(name, {"at": "1h"})
    with pytest.raises(ValidationError, match="mttr"):
        made(name, {"mtbf": "1h"})


# --- recorded


def recorded(folder, text, **section):
    (folder / "failures.csv").write_text(text, encoding="utf-8")
    model, params = made("node_crash", {"trace": "failures.csv", **section})
    generator = np.random.Generator(np.random.PCG64(1))
    context = Context(nodes(6), generator, US_PER_DAY, folder)
    return [
        (f.at_us // US_PER_SECOND, f.target, f.duration_us) for f in model(params).timeline(context)
    ]


def test_a_trace_is_replayed_in_order_of_time(tmp_path):
    text = "time,node,duration\n2h,node-3,90s\n60,node-1,30\n1d,node-2,\n25h,node-2,1s\n"
    assert recorded(tmp_path, text) == [
        (60, "node-1", 30 * US_PER_SECOND),
        (7_200, "node-3", 90 * US_PER_SECOND),
        (86_400, "node-2", None),
    ]


def test_foreign_names_stand_for_nodes(tmp_path):
    text = "time,node,duration\n1,x,1\n2,y,1\n3,x,1\n4,node-4,1\n5,z,1\n"
    found = recorded(tmp_path, text, assign=True)
    assert [target for _, target, _ in found] == ["node-0", "node-1", "node-0", "node-4", "node-2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,node\n1,node-1\n", "duration"),
        ("time,node,duration\n1,other,1\n", "other"),
        ("time,node,duration\n1 fortnight,node-1,1\n", "fortnight"),
    ],
)
def test_a_trace_that_cannot_be_used(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        recorded(tmp_path, text)


def test_racks_are_labels():
    one = NodeInfo(0, "n", "a", {RACK_LABEL: "a-1", INSTANCE_LABEL: "m5"})
    assert (one.rack, one.profile) == ("a-1", "m5")
    assert NodeInfo(0, "n", "a", {}).rack == ""


def test_flapping_is_away_and_back_until_it_ends():
    found = timeline(
        *made(
            "flapping_node",
            {"at": "1h", "for": "200s", "down": "70s", "up": "30s", "select": {"names": "node-3"}},
        )
    )
    assert [(f.at_us // US_PER_SECOND, f.duration_us // US_PER_SECOND) for f in found] == [
        (3_600, 70),
        (3_700, 70),
    ]


def test_a_leader_is_missed_for_15_to_17_seconds():
    found = timeline(*made("scheduler_crash", {"every": "1h"}))
    lasts = [f.duration_us / US_PER_SECOND for f in found]
    assert len(lasts) > 1_000
    assert 15 <= min(lasts) < 15.1
    assert 16.9 < max(lasts) <= 17


def test_a_machine_that_is_taken_back_does_not_come_back():
    found = timeline(*made("spot_reclamation", {"mtbf": {"exponential": {"mean": "5d"}}}))
    assert {f.duration_us for f in found} == {None}
    with pytest.raises(ValidationError, match="replacedAfter"):
        made("spot_reclamation", {"at": "1h", "for": "1h"})
