"""docs/manifests.md has a line for every public manifest, and the lines are true."""

from __future__ import annotations

import datetime
import os
import zlib

import pytest

from tools.manifests import FOLDERS, PAGE, TRACES, files, line_of

SHARES = 24
"""A run checks one share of the lines, another one every day; `SIMK8S_ALL_MANIFESTS=1`: all."""

pytestmark = pytest.mark.skipif(
    not all((TRACES / folder).is_dir() for folder in FOLDERS),
    reason="the public manifests are not on this machine",
)


def lines():
    """Lines of the page by folder."""
    found, folder = {}, ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            folder = line[3:]
            found[folder] = []
        elif line.startswith("| ") and not line.startswith("| file"):
            found[folder].append(line)
    return found


def test_no_file_is_without_a_line():
    written = {
        folder: [line.split(" | ")[0][2:] for line in found] for folder, found in lines().items()
    }
    there = {
        folder: [str(path.relative_to(TRACES / folder)) for path in files(folder)]
        for folder in FOLDERS
    }
    assert written == there, "python -m tools.manifests writes it"


def test_what_does_not_reach_its_state_says_why():
    for line in (line for found in lines().values() for line in found):
        _, name, _, outcome, why, _ = (cell.strip() for cell in line.split("|", 5))
        assert outcome in (
            "reaches its state",
            "does not",
            "nodes",
            "nothing to simulate",
            "not a manifest",
            "refused",
            "empty",
        )
        assert why or outcome in ("reaches its state", "empty"), name


def test_the_lines_are_true():
    share = datetime.date.today().toordinal() % SHARES
    written = {line for found in lines().values() for line in found}
    for folder in FOLDERS:
        for path in files(folder):
            mine = zlib.crc32(str(path).encode()) % SHARES == share
            if mine or os.environ.get("SIMK8S_ALL_MANIFESTS"):
                assert str(line_of(path)) in written, path
