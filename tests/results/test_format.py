from __future__ import annotations

import pytest

from simk8s.results.format import difference, significant, text

GAP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "how", "expected"),
    [
        (None, "count", "–"),
        (14203, "count", "14,203"),
        (-14203, "count", "−14,203"),
        (2.5, "count", "2.5"),
        (0, "share", "0_%"),
        (0.991, "share", "99.1_%"),
        (0.99961, "share", "99.96_%"),
        (0.999999, "share", ">_99.99_%"),
        (0.00001, "share", "<_0.01_%"),
        (0.0069, "share", "0.69_%"),
        (1, "share", "100_%"),
        (0, "duration", "0_s"),
        (850, "duration", "850_µs"),
        (999.9, "duration", "1_ms"),
        (12_340, "duration", "12.3_ms"),
        (4_210_000, "duration", "4.21_s"),
        (59_999_999, "duration", "1_min"),
        (5_400_000_000, "duration", "1.5_h"),
        (259_200_000_000, "duration", "3_d"),
        (3_600_000_000 * 4356, "work", "4,356_pod-h"),
        (90_000_000, "work", "0.025_pod-h"),
        (9_000_000, "work", "9_pod-s"),
        (0.2431, "rate", "0.24_/s"),
        (12345.6, "rate", "12,346_/s"),
        (10057.2, "money", "$10,057"),
        (3.2, "money", "$3.20"),
        (1536, "bytes", "1.5_KiB"),
        (5 * 2**50, "bytes", "5_PiB"),
    ],
)
def test_numbers_as_people_read_them(value, how, expected):
    assert text(value, how) == expected.replace("_", GAP)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (1.2345, "1.23"), (0.0123, "0.012"), (0.00012, "0.00012"), (99.96, "100"),
     (9.999, "10"), (1e-9, "0"), (1234567.8, "1,234,568")],
)  # fmt: skip
def test_significant_digits(value, expected):
    assert significant(value) == expected


@pytest.mark.parametrize(
    ("value", "how", "expected"),
    [
        (None, "count", "–"),
        (0, "count", "±0"),
        (0.0, "share", "±0"),
        (1e-12, "share", "±0"),
        (0.031, "share", "+3.1_pp"),
        (-0.5, "share", "−50_pp"),
        (1_500_000, "duration", "+1.5_s"),
        (-12, "count", "−12"),
    ],
)
def test_differences_are_signed(value, how, expected):
    assert difference(value, how) == expected.replace("_", GAP)
