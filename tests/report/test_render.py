from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simk8s.record.recorder import write_manifest
from simk8s.report.render import (
    banners,
    render_compare,
    render_run,
    write,
    write_compare,
    write_run,
)
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest
from tests import synthetic

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page(small):
    return render_run(small)


@pytest.fixture(scope="module")
def compare_page(comparison):
    return render_compare(comparison)


def without_plotly(page):
    """The page without the library, whose text is not ours."""
    from plotly.offline import get_plotlyjs

    assert page.count("plotly.js v") == 1
    return page.replace(get_plotlyjs(), "")


def test_two_renders_are_byte_identical(small, page, comparison, compare_page):
    assert render_run(small) == page
    assert render_compare(comparison) == compare_page


def test_another_process_renders_the_same(small_folder, page):
    code = (
        "import sys; from pathlib import Path; from simk8s.results.results import Results;"
        "from simk8s.report.render import render_run;"
        "sys.stdout.reconfigure(encoding='utf-8', newline='');"
        "sys.stdout.write(render_run(Results.open(Path(sys.argv[1]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(small_folder)],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONHASHSEED": "77", "PATH": ""},
    )
    assert done.stdout.decode() == page


def test_the_page_asks_the_network_for_nothing(page, compare_page):
    for text in (page, compare_page):
        own = without_plotly(text)
        assert "http://" not in own
        assert "https://" not in own
        assert "default-src 'none'" in own
        assert not re.search(r"<(?:link|img|iframe)\b", own)
        assert not re.search(r"<script[^>]*\bsrc", own)


def test_everything_that_was_asked_for_is_on_the_page(page):
    for section in (
        "pods", "utilisation", "latency", "nodes", "pending-reasons", "losses", "faults",
        "components", "workloads", "pools", "numbers", "provenance",
    ):  # fmt: skip
        assert f'<section id="{section}"' in page, section
    assert "simk8s run scenarios/quickstart.yaml --seed 1" in page
    assert "profile: m5.4xlarge" in page
    assert '<h3>Pods created</h3><p class="value">400</p>' in page


def test_the_verdict_comes_before_everything(page):
    assert page.index('class="lead"') < page.index('class="tiles"') < page.index("<section id=")


def test_input_is_escaped_everywhere(evil):
    own = without_plotly(render_run(evil))
    assert synthetic.EVIL not in own
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in own
    for place in ("<title>", "<h1>"):
        assert "&lt;script&gt;" in own.split(place)[1].split("</")[0]


def test_the_compare_page_has_a_column_and_a_line_per_variant(compare_page):
    # Two seeds settle nothing among so many numbers; the page says what would.
    assert "No variant differs clearly from kube_scheduler" in compare_page
    assert "more seeds would settle it" in compare_page
    assert compare_page.count('<th class="n">cp_sat</th>') >= 2
    for section in ("kpis", "pods", "utilisation", "latency", "pending-reasons", "provenance"):
        assert f'<section id="{section}"' in compare_page
    assert 'class="diff unsure"' in compare_page
    assert "simk8s compare scenarios/quickstart.yaml" in compare_page


def test_triples_will_do_for_a_comparison(small):
    page = render_compare([("a", 1, small), ("<b>", 1, small)])
    assert "&lt;b&gt;" in page
    assert '<th class="n"><b></th>' not in page


def manifest(**changes):
    plain = Manifest(
        version="0", scenario="s", seed=1, duration_us=7_200_000_000, simulated_us=7_200_000_000
    )
    return plain.model_copy(update=changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"stop_reason": "drained"}, None),
        (
            {"interrupted": True, "simulated_us": 3_600_000_000},
            "Interrupted by the user after 1 h of 2 h.",
        ),
        ({"stop_reason": "livelock", "stop_detail": "a, b"}, "instant (livelock): a, b after"),
        ({"stop_reason": "meteor"}, "Stopped: meteor after"),
        ({"audit": "failed"}, "The audit failed"),
    ],
)
def test_runs_that_did_not_end_well_say_so(changes, words):
    found = " ".join(banners(manifest(**changes))).replace("\u00a0", " ")
    assert (words in found) if words else not found


def test_an_interrupted_run_has_a_banner_on_its_page(small_folder, tmp_path):
    folder = shutil.copytree(small_folder, tmp_path / "run")
    interrupted = Results.open(folder).manifest.model_copy(update={"interrupted": True})
    write_manifest(folder, interrupted)
    page = write_run(folder).read_text(encoding="utf-8")
    assert 'class="banner" role="alert">Interrupted by the user' in page


def test_writing_finds_out_what_the_folder_holds(comparison_folder, tmp_path):
    folder = shutil.copytree(comparison_folder, tmp_path / "c")
    write(folder / "best_fit" / "1")
    assert "simk8s run" in (folder / "best_fit" / "1" / "report.html").read_text("utf-8")
    (folder / "cp_sat" / "2" / "manifest.json").unlink()
    page = write_compare(folder).read_text("utf-8")
    assert page == write(folder).read_text("utf-8")
    assert '<a href="./best_fit/1/report.html">best_fit</a>' in page
    assert "No results for cp_sat, seed 2" in page
    assert not list(folder.glob(".*"))


def test_an_empty_run_has_a_page(empty):
    assert "No pods were created." in render_run(empty)


@pytest.mark.slow
def test_a_quickstart_page_is_small_and_quick(tmp_path):
    folder = synthetic.write(synthetic.QUICK, tmp_path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = (
        "import sys; from pathlib import Path; from simk8s.report.render import write_run;"
        "write_run(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent_s < 6  # of CPU, about 1.2 s on an idle machine
    assert (folder / "report.html").stat().st_size < 8_000_000
