"""Quantities, durations and rates: exact, and in clear words when they cannot be read."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s import units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500m", Fraction(1, 2)),
        ("2Gi", Fraction(2 * 1024**3)),
        ("1.5", Fraction(3, 2)),
        ("1e3", Fraction(1000)),
        ("1E", Fraction(10**18)),
        ("1E2", Fraction(100)),
        ("12e-1", Fraction(6, 5)),
        (".5Ki", Fraction(512)),
        ("+3", Fraction(3)),
        ("-1k", Fraction(-1000)),
        (0.1, Fraction(1, 10)),
        (7, Fraction(7)),
    ],
)
def test_quantities_are_exact(text, expected):
    assert units.parse_quantity(text) == expected


@pytest.mark.parametrize(
    "bad",
    ["", "abc", "1.2.3", "5GB", "1e999999999", "10 cores", "1" * 100, True, float("nan"), "٣"],
)
def test_what_is_no_quantity_is_refused(bad):
    with pytest.raises(ValueError, match=r"."):
        units.parse_quantity(bad)


def test_a_near_suffix_is_suggested():
    with pytest.raises(ValueError, match="did you mean 'Gi'"):
        units.parse_quantity("2gi")
    with pytest.raises(ValueError, match="did you mean 'G'"):
        units.parse_quantity("2GB")


def test_requests_round_up_and_never_shrink():
    assert units.cpu_milli("100u") == 1
    assert units.cpu_milli("0.1") == 100
    assert units.memory_bytes("1500m") == 2
    assert units.count("1k") == 1000


def test_negative_fractional_and_huge_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        units.cpu_milli("-1")
    with pytest.raises(ValueError, match="whole number"):
        units.count(2.5)
    with pytest.raises(ValueError, match="larger than"):
        units.memory_bytes("100E")


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("90s", 90_000_000),
        ("1h30m", 5_400_000_000),
        ("1.5h", 5_400_000_000),
        ("500ms", 500_000),
        ("2d", 2 * 86_400_000_000),
        ("1w", 7 * 86_400_000_000),
        ("10us", 10),
        ("10µs", 10),
        ("0", 0),
        (30, 30_000_000),
        (0.5, 500_000),
    ],
)
def test_durations(text, us):
    assert units.duration_us(text) == us


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("90", "no unit"),
        ("5 minutes", "not a duration"),
        ("5min", "did you mean 'm'"),
        ("5M", "did you mean 'm'"),
        ("-3s", "negative"),
        ("", "not a duration"),
        ("s", "not a duration"),
        ("9999999d", "longer than"),
        (True, "expected a number"),
    ],
)
def test_bad_durations_say_why(bad, words):
    with pytest.raises(ValueError, match=words):
        units.duration_us(bad)


def test_rates():
    assert units.rate_per_us("30/min") == 30 / 60e6
    assert units.rate_per_us("5/s") == 5 / 1e6
    assert units.rate_per_us("2 / h") == 2 / 3600e6
    for bad in ("5", 5, "5/fortnight", "-1/s", "x/s"):
        with pytest.raises(ValueError, match="rate"):
            units.rate_per_us(bad)


@settings(deadline=None)
@given(st.integers(0, units.MAX_DURATION_US))
def test_format_duration_is_read_back(us):
    assert units.duration_us(units.format_duration(us)) == us


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_number_or_a_value_error(text):
    for parse in (units.cpu_milli, units.duration_us, units.rate_per_us, units.count):
        with contextlib.suppress(ValueError):
            assert parse(text) >= 0


def test_formats_for_people():
    assert units.format_duration(5_400_000_000) == "1h30m"
    assert units.format_duration(1_250) == "1.25ms"
    assert units.format_bytes(1536 * 1024**2) == "1.5 GiB"
    assert units.format_cpu(500) == "500m"
    assert units.format_cpu(4000) == "4"
    assert units.format_cpu(15_950) == "15.95"
    assert units.format_cpu(0) == "0"
