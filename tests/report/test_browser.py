"""The pages in headless Chromium: charts are drawn, nothing complains, nothing scrolls sideways."""

from __future__ import annotations

import re
import shutil
import subprocess
import warnings
from dataclasses import dataclass

import pytest

from simk8s.report.render import render_compare, render_run

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--enable-logging=stderr", "--v=0",
    "--virtual-time-budget=10000",
]  # fmt: skip
MEASURE = """<body style="margin:0"><iframe id="f" src="{url}" style="width:{width}px;height:9000px;
border:0"></iframe><p id="out"></p><script>
document.getElementById("f").addEventListener("load", function () {{
  var view = document.getElementById("f").contentWindow, page = view.document;
  function all(selector) {{ return page.querySelectorAll(selector); }}
  var errors = 0;
  view.onerror = function () {{ errors += 1; }};
  setTimeout(function () {{
    var width = page.body.scrollWidth;
    all(".choices button").forEach(function (button) {{ button.click(); }});
    var entries = all(".legend button").length;
    for (var i = 0; i < entries; i++) {{ all(".legend button")[i].click(); }}
    view.Plotly.relayout(all(".chart")[0], {{"xaxis.range": [0.25, 0.5]}});
    setTimeout(function () {{
      var zoomed = Array.from(all(".chart")).filter(function (chart) {{
        return chart.layout.xaxis.range[0] === 0.25;
      }});
      document.getElementById("out").textContent = "scrollWidth=" + width
        + " charts=" + all(".js-plotly-plot .main-svg").length
        + " chosen=" + all(".choices button[aria-pressed=true]:last-child").length
        + " legends=" + entries + " off=" + all(".legend button[aria-pressed=false]").length
        + " zoomed=" + zoomed.length + " errors=" + errors;
    }}, 1000);
  }}, 2000);
}});
</script></body>"""


@dataclass
class Seen:
    dom: str
    console: list[str]


@pytest.fixture(autouse=True)
def chromium():
    if CHROMIUM is None:
        warnings.warn("no chromium: the pages were not looked at in a browser", stacklevel=1)
        pytest.skip("no chromium")


def look(path, tmp_path, *flags):
    done = subprocess.run(
        [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
         path.as_uri()],
        capture_output=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    console = re.findall(r"CONSOLE.*", done.stderr.decode(errors="replace"))
    return Seen(done.stdout.decode(errors="replace"), console)


def charts(page):
    return page.count('<div class="chart"')


def test_a_broken_page_would_be_noticed(tmp_path):
    page = tmp_path / "broken.html"
    page.write_text("<script>nothing.here()</script>")
    assert "nothing is not defined" in " ".join(look(page, tmp_path).console)


@pytest.mark.parametrize("kind", ["run", "evil", "compare", "empty"])
def test_charts_are_drawn_and_nothing_complains(kind, tmp_path, small, evil, empty, comparison):
    runs = {"run": small, "evil": evil, "empty": empty}
    html = render_compare(comparison) if kind == "compare" else render_run(runs[kind])
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    seen = look(page, tmp_path)
    assert seen.console == []
    drawn = seen.dom.split('class="chart js-plotly-plot"')[1:]
    assert len(drawn) == charts(html)
    assert all('class="main-svg"' in part.partition("<script")[0] for part in drawn)
    assert "<script>alert" not in seen.dom


@pytest.mark.parametrize("width", [420, 1400])
@pytest.mark.parametrize("kind", ["evil", "compare"])
def test_it_fits_its_width_and_its_buttons_work(kind, width, tmp_path, evil, comparison):
    page = tmp_path / "page.html"
    html = render_compare(comparison) if kind == "compare" else render_run(evil)
    page.write_text(html, encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(MEASURE.format(url=page.as_uri(), width=width))
    dom = look(frame, tmp_path, "--window-size=1500,2000").dom
    seen = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", dom.split("<p id")[1])}
    assert seen["scrollWidth"] <= width
    assert seen["charts"] >= charts(html)
    assert seen["errors"] == 0
    assert seen["chosen"] == html.count('class="choices"')  # each group's last was clicked last
    assert seen["legends"] >= seen["off"] > 0  # clicked once each
    assert seen["zoomed"] == html.count('"time":true')  # all charts over time, and no other
