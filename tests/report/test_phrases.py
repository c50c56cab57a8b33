"""Differences as verbs, as the example of a verdict has them."""

from __future__ import annotations

import pytest

from simk8s.report import words_compare
from simk8s.report.phrases import PHRASES, RELATIVE, phrase
from simk8s.results.compare import KEY
from tests.report.test_words import BY_NAME, comparison


def told(values, monkeypatch):
    headline, sentences = words_compare.verdict(comparison(values, monkeypatch))
    return headline, sentences[0].replace("\u00a0", " ")


def test_the_example_of_the_issue(monkeypatch):
    values = {
        "kube": {
            "high_priority_started": (1000, 1010, 990, 1000),
            "availability_nines": (3, 3, 4, 3),
            "startup_us_p99": (1.0e6, 1.1e6, 1.2e6, 1.1e6),
        },
        "cp_sat": {
            "high_priority_started": (1031, 1041, 1020, 1032),
            "availability_nines": (3, 3, 4, 3),
            "startup_us_p99": (1.2e6, 1.3e6, 1.4e6, 1.31e6),
        },
    }
    headline, sentence = told(values, monkeypatch)
    assert headline.startswith("It is a trade-off: cp_sat is better than kube on high-priority")
    assert sentence == (
        "cp_sat starts 3.10 ± 0.13 % more high-priority pods (1,031 instead of 1,000) but is "
        "202.0 ± 8.0 ms slower at p99 (1.3 s instead of 1.1 s); no difference that counts in "
        "availability."
    )


def test_moves_and_evictions(monkeypatch):
    values = {
        "a": {"pods_moved": (0, 0, 0), "pods_evicted": (5, 6, 7)},
        "b": {"pods_moved": (12, 12, 12), "pods_evicted": (8, 9, 10)},
    }
    _, sentence = told(values, monkeypatch)
    assert sentence == (
        "b moves 12 pods (12 instead of 0) and evicts 3 more pods (9 instead of 6)."
    )


def test_sure_differences_elsewhere_are_told_besides(monkeypatch):
    values = {
        "a": {"pods_lost": (5, 5, 5, 5), "energy_kwh": (100, 101, 102, 103),
              "queue_served_worst": (0.5, 0.5, 0.5, 0.5),
              "cpu_stranded_mean": (0.1, 0.3, 0.2, 0.1)},
        "b": {"pods_lost": (5, 5, 5, 5), "energy_kwh": (90, 91, 92.1, 93),
              "queue_served_worst": (0.6, 0.6, 0.6, 0.6),
              "cpu_stranded_mean": (0.3, 0.1, 0.2, 0.2)},
    }  # fmt: skip
    headline, sentence = told(values, monkeypatch)
    assert headline == "No variant differs clearly from a on what counts, over 4 seeds."
    assert sentence == (
        "b: besides, it draws 9.828 ± 0.078 % less energy and gives the worst-served queue 10 pp "
        "more of what it asks for; no difference that counts in pods lost."
    )


@pytest.mark.parametrize("name", PHRASES)
@pytest.mark.parametrize("better", [True, False])
def test_every_phrase_is_a_clause(name, better, monkeypatch):
    size = 3.6e9 if BY_NAME[name].format in ("duration", "work") else 1
    other = (0.75, 0.8, 0.7) if better else (0.2, 0.3, 0.1)
    values = {"a": {name: (0.5 * size,) * 3}, "b": {name: tuple(size * x for x in other)}}
    row = comparison(values, monkeypatch).row(name)
    text = phrase(row, row.cell("b"), values=False)
    assert "{" not in text
    assert "|" not in text
    assert "±" in text
    assert text.split()[0].endswith("s")
    assert (" % " in text.replace("\u00a0", " ")) == (name in RELATIVE)


def test_what_a_verdict_looks_at_can_be_said():
    assert set(KEY) == set(words_compare.CALLED)
    assert set(KEY) | set(words_compare.BESIDES) == set(PHRASES)
