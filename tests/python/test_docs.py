"""docs/python.md and the example run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from simk8s.scenario.schema import Scenario as Schema
from tests.python.made import small

DOCS = Path(__file__).parents[2] / "docs"
CELL = re.compile(r"^# %%(.*)\n", re.M)


def cells(text: str) -> list[tuple[str, str]]:
    """(kind, source) of each cell of a notebook in percent format."""
    parts = CELL.split(text)
    assert not parts[0].strip(), "a notebook begins with a cell"
    return [(kind.strip(), source) for kind, source in zip(parts[1::2], parts[2::2], strict=True)]


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = DOCS / "examples" / "packing.py"
    names: dict[str, Any] = {"__name__": "__main__"}
    kinds = []
    for kind, source in cells(path.read_text(encoding="utf-8")):
        kinds.append(kind)
        if kind == "[markdown]":
            assert all(line.startswith("#") for line in source.strip().splitlines())
        else:
            assert kind == ""
            exec(compile(source, str(path), "exec"), names)
    assert kinds[0] == "[markdown]"
    assert names["waits"]["workload"].to_list() == ["batch", "web"]
    assert names["answer"].height == 12
    worse = names["verdicts"].filter(pl.col("variant") == "five")
    assert worse["verdict"].to_list() == ["worse"]
    assert names["page"].is_file()


def test_the_snippets_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small().save("rush-hour.yaml")
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "__main__"}
    for flavour, source in re.findall(r"```python([^\n]*)\n(.*?)```", text, re.S):
        if "timeline" in flavour and "timeline" not in Schema.model_fields:
            continue
        exec(compile(source, "docs/python.md", "exec"), names)
    assert names["found"].variants == ("kube_scheduler", "more", "packed")
    assert names["result"].seed == 3
