"""Recorded failures: how long nodes were up, what had not ended, what lasts how long."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from simk8s.errors import UserError
from simk8s.units import US_PER_HOUR, US_PER_MINUTE
from simk8s.workload.failures.lanl import read_failures

HEAD = "System,nodes,nodenumz,node prod,node decom,Prob Started,Prob Fixed,Hardware,Software\n"
LANL = Path("../shared/traces/lanl-failures/LA-UR-05-7318-failure-data-1996-2005.csv.xz")
DAY = 24 * US_PER_HOUR


def written(folder, *lines):
    path = folder / "f.csv.xz"
    path.write_bytes(lzma.compress((HEAD + "\n".join(lines) + "\n").encode()))
    return path


def test_times_up_and_what_was_still_up(tmp_path):
    path = written(
        tmp_path,
        "9,3,0,2-May,current,5/3/2002 0:00,5/3/2002 2:00,Memory,",
        "9,3,0,2-May,current,5/3/2002 1:00,5/3/2002 4:00,,Kernel",  # overlaps: one outage
        "9,3,1,2-May,current,5/11/2002 0:00,5/11/2002 0:00,Disk,",  # the last of the file
        "8,1,0,Jan-97,Feb-97,1/2/1997 0:00,1/2/1997 1:00,Disk,",
    )
    found = read_failures(path, [9])
    assert (found.systems, found.nodes, found.failures) == ((9,), 3, 2)
    assert found.up_us == [2 * DAY, 10 * DAY]
    assert found.repair_us == [4 * US_PER_HOUR, US_PER_MINUTE]
    # Node 0 up again until the end; node 2 never failed.
    assert found.censored_us == [8 * DAY - 4 * US_PER_HOUR, 10 * DAY]
    assert found.causes == {"Hardware": 2, "Software": 1}


def test_a_node_is_not_observed_after_it_was_taken_out(tmp_path):
    path = written(
        tmp_path,
        "8,1,0,Jan-97,Feb-97,1/2/1997 0:00,1/2/1997 1:00,Disk,",
        "9,3,0,2-May,current,5/3/2002 0:00,5/3/2002 2:00,Memory,",
    )
    assert read_failures(path, [8]).censored_us == [30 * DAY - US_PER_HOUR]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("9,3,0,2-May,current,2002-05-03,5/3/2002 2:00,,", "`Prob Started` must be like"),
        ("x,3,0,2-May,current,5/3/2002 0:00,5/3/2002 2:00,,", "`System` must be a whole number"),
        ("9,3,0,2-May,current,,,,", "no failure of these systems"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, line, words):
    with pytest.raises(UserError, match=words) as caught:
        read_failures(written(tmp_path, line))
    assert caught.value.problems[0].place.file.endswith("f.csv.xz")


@pytest.mark.skipif(not LANL.exists(), reason="../shared/traces is not here")
def test_the_published_file():
    found = read_failures(LANL, [18, 19, 20])
    assert (found.nodes, found.failures) == (2_560, 9_708)
    assert 6_700 < found.mtbf_us / US_PER_HOUR < 7_900
