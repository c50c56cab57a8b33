from __future__ import annotations

import json

import polars as pl
import pytest

from simk8s.report.figure import Choice, Figure, plain, rounded, thin, to_json


def test_json_cannot_leave_its_script_element():
    text = to_json({"name": "</script><script>alert(1)</script><!-- & \u2028"})
    assert "<" not in text
    assert ">" not in text
    assert "\u2028" not in text
    assert json.loads(text)["name"].startswith("</script>")


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json([float("nan")])


def test_plain_text_is_no_markup_for_plotly():
    assert plain("<b>a & b</b>") == "&lt;b&gt;a &amp; b&lt;/b&gt;"
    assert len(plain("x" * 500)) == 80


def test_numbers_are_rounded_and_gaps_kept():
    assert rounded([1.23456, None, float("nan")], 2) == [1.23, None, None]


def test_thinning_keeps_peaks_and_ends():
    n = 100_000
    frame = pl.DataFrame({"t": range(n), "v": [1] * n}).with_columns(
        v=pl.when(pl.col("t") == 54_321).then(99).when(pl.col("t") == 777).then(-5).otherwise("v")
    )
    found = thin(frame, "v", 2000)
    assert found.height <= 2002
    assert found["v"].max() == 99
    assert found["v"].min() == -5
    assert found["t"].is_sorted()
    assert (found["t"][0], found["t"][-1]) == (0, n - 1)


def test_thinning_bears_nulls_and_leaves_short_tables_alone():
    short = pl.DataFrame({"v": [1, 2]})
    assert thin(short, "v") is short
    assert thin(pl.DataFrame({"v": pl.Series([None] * 9, dtype=pl.Int64)}), "v", 4).height >= 2


def test_a_figure_names_and_escapes():
    html = Figure(
        "f", 'a "label" <b>', [{"x": ["<i>"]}], {}, choices=[Choice("<x>", (0,)), Choice("y", ())]
    ).html()
    assert 'id="f"' in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "<x>" not in html
    assert html.count("<button") == 2
