"""Every file of report/panels keeps the law of panels/base.py."""

from __future__ import annotations

import json
import re

import plotly.graph_objects as go
import pytest
from markupsafe import Markup

from simk8s import catalog
from simk8s.report.panels.base import Block, ComparingPanel, Panel
from simk8s.report.render import panels
from tests.synthetic import EVIL

NAMES = catalog.names("panels")
FIGURE = re.compile(r'<script type="application/json" data-figure="([^"]+)">(.*?)</script>', re.S)


@pytest.fixture(params=NAMES)
def panel(request):
    return catalog.resolve("panels", request.param)()


def blocks(panel, results, comparison):
    """Everything that a panel draws of these."""
    found = [panel.render(results)]
    if isinstance(panel, ComparingPanel):
        found.append(panel.render_compare(comparison))
    return [block for block in found if block is not None]


def test_there_are_panels():
    assert len(NAMES) >= 10
    assert [panel.order for panel in panels()] == sorted(panel.order for panel in panels())


def test_it_is_a_panel(panel):
    assert isinstance(panel, Panel)
    assert panel.title
    assert isinstance(panel.order, int)


def test_it_draws_a_run_that_has_everything(panel, evil):
    block = panel.render(evil)
    assert isinstance(block, Block)
    assert re.fullmatch(r"[a-z][a-z-]*", block.id)
    assert isinstance(block.html, Markup)
    assert block.html


def test_it_bears_a_run_in_which_nothing_happened(panel, empty):
    block = panel.render(empty)
    assert block is None or isinstance(block, Block)
    if isinstance(panel, ComparingPanel):
        from simk8s.results.compare import Run, compare

        block = panel.render_compare(compare([Run("a", 1, empty), Run("b", 1, empty)]))
        assert block is None or isinstance(block, Block)


def test_it_draws_the_same_twice(panel, evil, comparison):
    assert blocks(panel, evil, comparison) == blocks(panel, evil, comparison)


def test_it_escapes_what_comes_from_input(panel, evil, comparison):
    for block in blocks(panel, evil, comparison):
        assert EVIL not in block.html
        assert "<script>alert" not in block.html


def test_its_charts_are_valid_and_small(panel, evil, comparison):
    for block in blocks(panel, evil, comparison):
        for figure_id, text in FIGURE.findall(block.html):
            figure = json.loads(text)
            colours = json.dumps(figure["data"]).replace("var(--", "").replace("-soft)", ")")
            data = json.loads(re.sub(r'"(c|h)(\d)\)"', '"#123456"', colours))
            go.Figure({"data": [_plain_colours(trace) for trace in data]})
            assert all(len(trace["x"]) <= 3001 for trace in figure["data"]), figure_id
            assert "<" not in text
            shown = json.dumps(figure)
            assert EVIL not in shown
            assert "Infinity" not in shown
            assert "NaN" not in shown


def test_ids_are_unique_on_the_page(evil, comparison):
    for kind in ("render", "render_compare"):
        argument = evil if kind == "render" else comparison
        drawn = [getattr(p, kind)(argument) for p in panels() if hasattr(p, kind)]
        html = "".join(block.html for block in drawn if block)
        ids = [block.id for block in drawn if block] + re.findall(r' id="([^"]+)"', html)
        assert len(ids) == len(set(ids))


def _plain_colours(trace):
    """plotly's validators know no CSS variables."""
    if isinstance(trace, dict):
        return {key: _plain_colours(value) for key, value in trace.items()}
    if isinstance(trace, str) and trace.endswith(")") and "(" not in trace:
        return "#123456"
    return trace
