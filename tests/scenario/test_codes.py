"""Codes: every one that is used has a title, and docs/errors.md is current."""

from __future__ import annotations

import re
from pathlib import Path

from simk8s.scenario.codes import CODES, markdown

ROOT = Path(__file__).parents[2]


def test_every_code_in_the_source_is_in_the_table():
    used = {
        code
        for path in (ROOT / "simk8s").rglob("*.py")
        for code in re.findall(r'"([EW]\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used <= set(CODES)


def test_the_page_of_errors_is_current():
    page = ROOT / "docs" / "errors.md"
    assert page.read_text(encoding="utf-8") == markdown(), (
        "docs/errors.md is stale; write simk8s.scenario.codes.markdown() to it"
    )


def test_every_code_is_on_the_page_once():
    text = markdown()
    assert [text.count(f"| {code} |") for code in CODES] == [1] * len(CODES)
