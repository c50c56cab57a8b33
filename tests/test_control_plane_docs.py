"""docs/control-plane.md has every field, and the thresholds it shows are thresholds."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from simk8s.scenario.control.plane import ControlPlane
from simk8s.scenario.control.profiles import PROFILES
from simk8s.scenario.reading import read_document
from simk8s.scenario.thresholds import Threshold
from simk8s.scenario.types import Duration, MemoryQuantity, Model
from simk8s.schema.kpis import QUANTITIES, STAGES
from tools import control_plane as tool


def test_the_table_of_fields_is_current():
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), (
        "run: python -m tools.control_plane"
    )


def leaves(model, prefix=""):
    for name, info in model.model_fields.items():
        path = f"{prefix}{info.alias or name}"
        if path != "profile":
            yield path
            inner = info.annotation
            if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
                continue
            if set(inner.model_fields) != {"p50", "p99"}:
                yield from leaves(inner, f"{path}.")


def test_every_field_is_a_row():
    rows = re.findall(r"^\| `([\w.]+)` \|", tool.markdown(), re.M)
    assert set(leaves(ControlPlane)) <= set(rows)
    assert len(rows) == len(set(rows))


class Inner(Model):
    """What is inside; and more."""

    # How long it takes
    # in the end (UNVERIFIED).
    lasts: Duration = 1_500_000
    # --- a heading
    room: MemoryQuantity = 2 << 30


def test_new_fields_are_picked_up():
    assert dict(tool._fields(Inner(), "newPart.")) == {
        "newPart.lasts": ("1.5s", "How long it takes in the end (UNVERIFIED)."),
        "newPart.room": ("2Gi", ""),
    }


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (2 << 30, "2Gi"), (25_000_000, "25M"), (3, "3"), (1 << 20, "1Mi")],
)
def test_quantities_read_as_one_writes_them(number, text):
    assert tool.quantity(number) == text


def test_what_only_some_profiles_have_follows_what_precedes_it_there():
    rows = {"small": {"a": ("1", ""), "b": ("2", "")}, "x": {"a": ("1", ""), "a.c": ("3", "")}}
    assert tool.merged(rows) == ["a", "a.c", "b"]


def test_the_page_names_profiles_stages_and_quantities():
    page = tool.PAGE.read_text(encoding="utf-8")
    for profile in PROFILES:
        assert f"`{profile}`" in page
    for stage in STAGES:
        assert f"| `{stage.name}` | `{stage.end}` |" in page
    for quantity in QUANTITIES:
        assert f"`{quantity}`" in page


def test_its_yaml_is_what_scenarios_take():
    blocks = re.findall(r"```yaml\n(.*?)```", tool.PAGE.read_text(encoding="utf-8"), re.S)
    seen = 0
    for block in blocks:
        data = read_document(block, "page").data
        ControlPlane.model_validate(data.get("controlPlane", {}))
        for line in data.get("thresholds", ()):
            Threshold.model_validate(line)
            seen += 1
    assert seen >= 5
