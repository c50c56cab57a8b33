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
  setTimeout(function () {{
    var page = document.getElementById("f").contentDocument;
    document.getElementById("out").textContent = "scrollWidth=" + page.body.scrollWidth
      + " charts=" + page.querySelectorAll(".js-plotly-plot .main-svg").length
      + " legends=" + page.querySelectorAll(".legend button").length;
  }}, 3000);
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
def test_the_body_does_not_scroll_sideways(kind, width, tmp_path, evil, comparison):
    page = tmp_path / "page.html"
    html = render_compare(comparison) if kind == "compare" else render_run(evil)
    page.write_text(html, encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(MEASURE.format(url=page.as_uri(), width=width))
    dom = look(frame, tmp_path, "--window-size=1500,2000").dom
    found = re.search(r"scrollWidth=(\d+) charts=(\d+) legends=(\d+)", dom)
    assert found is not None
    assert int(found[1]) <= width
    assert int(found[2]) >= charts(html)
    assert int(found[3]) > 0
