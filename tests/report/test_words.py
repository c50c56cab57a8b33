from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.report import words, words_compare
from simk8s.results import compare as compare_module
from simk8s.results.compare import Run, compare
from simk8s.results.kpis import MEASURES, Kpi
from simk8s.results.results import Results
from tests import synthetic

BY_NAME = {measure.name: measure for measure in MEASURES}


def said(results):
    return " ".join(words.verdict(results)).replace("\u00a0", " ")


def test_a_day_with_an_outage(small):
    text = said(small)
    assert text.startswith("400 pods were created; ")
    assert "running within 5 s, half within" in text
    assert "The zone b outage at 6 h (for 30 min) hit" in text
    assert "12 more faults hit 36 pods" in text
    assert "were lost (all by taint eviction)" in text
    assert "% of CPU, " in text
    assert "of GPU at the end" in text


def test_a_packed_cluster(tmp_path):
    day = replace(synthetic.SMALL, outage=False, drops=0.3, gpus=False)
    text = said(Results.open(synthetic.write(day, tmp_path)))
    assert "did not fit and were dropped; " in text
    assert "% of the others were running within 5 s" in text
    assert "Named most often for what did not fit: “Insufficient" in text
    assert "outage" not in text
    assert "GPU" not in text


def test_nothing_happened(empty):
    assert words.verdict(empty) == ["No pods were created."]


def comparison(values, monkeypatch):
    """values: variant -> KPI -> one number per seed"""

    def kpis(results):
        variant, seed = results
        found = []
        for name, numbers in values[variant].items():
            m = BY_NAME[name]
            found.append(
                Kpi(name, m.title, numbers[seed], m.unit, m.better, m.format, m.group, m.meaning)
            )
        return found

    monkeypatch.setattr(compare_module, "kpis", kpis)
    monkeypatch.setattr(compare_module, "_digest", lambda run: run.variant)
    seeds = len(next(iter(next(iter(values.values())).values())))
    return compare(Run(v, s, (v, s)) for v in values for s in range(seeds))


@pytest.mark.parametrize(
    ("lost", "nodes", "words_in_headline"),
    [
        ((5, 5.1, 5), (300, 299, 303), "b is better than a on pods lost and worse on nothing"),
        ((5, 5, 5.1), (400, 410, 403), "It is a trade-off: b is better than a on pods lost but"),
        ((90, 91, 92), (400, 410, 404), "a is better than every other variant"),
        ((10, 20, 10), (300, 301, 300), "No variant differs clearly"),
        ((5, 40, 1), (200, 900, 300), "No variant differs clearly"),
    ],
)
def test_headlines(lost, nodes, words_in_headline, monkeypatch):
    found = comparison(
        {
            "a": {"pods_lost": (10, 10.1, 10), "nodes_used_mean": (300, 301, 302)},
            "b": {"pods_lost": lost, "nodes_used_mean": nodes},
        },
        monkeypatch,
    )
    headline, sentences = words_compare.verdict(found)
    assert words_in_headline in headline
    assert headline.endswith("over 3 seeds.")
    assert len(sentences) == 1


def test_one_seed_is_said_to_be_one(monkeypatch):
    values = {"a": {"gpu_allocation_end": (0.9,)}, "b": {"gpu_allocation_end": (0.95,)}}
    found = comparison(values, monkeypatch)
    headline, sentences = words_compare.verdict(found)
    assert headline.endswith("on this one seed.")
    assert sentences[0].replace("\u00a0", " ") == (
        "b allocates 5 pp more of the GPUs at the end (95 % instead of 90 %)."
    )
    assert words_compare.sureness(found).startswith("One seed")


@pytest.mark.parametrize(("seeds", "tests"), [(2, "the t-test alone"), (5, "the bootstrap both")])
def test_what_says_so_depends_on_the_seeds(seeds, tests, monkeypatch):
    values = {name: {"pods_lost": tuple(range(seeds))} for name in "ab"}
    assert tests in words_compare.sureness(comparison(values, monkeypatch))


def test_what_is_too_small_to_matter_is_not_told(monkeypatch):
    values = {"a": {"nodes_used_mean": (1000, 2000, 9)}, "b": {"nodes_used_mean": (1001, 2001, 10)}}
    headline, sentences = words_compare.verdict(comparison(values, monkeypatch))
    assert "No variant differs clearly" in headline
    assert sentences == ["b: no difference from a that counts."]


def test_one_variant_alone(monkeypatch):
    found = comparison({"a": {"pods_lost": (1,)}}, monkeypatch)
    assert words_compare.verdict(found)[1] == []


def test_identical_runs_are_called_identical(monkeypatch):
    values = {name: {"pods_lost": (10, 20, 30)} for name in ("a", "b")}
    found = comparison(values, monkeypatch)
    monkeypatch.setattr(compare_module, "_digest", lambda run: run.seed)
    headline, sentences = words_compare.verdict(found)
    assert headline == "All variants are identical to a, row by row, over 3 seeds."
    assert sentences == ["b: identical to a, row by row."]


def test_what_is_open_says_what_would_settle_it(monkeypatch):
    values = {"a": {"pods_lost": (10, 20, 30)}, "b": {"pods_lost": (8, 19, 20)}}
    _, sentences = words_compare.verdict(comparison(values, monkeypatch))
    assert sentences[0].startswith("b: open: pods lost (some ")
    assert sentences[0].endswith("more seeds would settle it).")
