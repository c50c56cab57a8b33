"""Cron expressions against a slow twin that looks at every minute, and robfig's own cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.scenario.cron import parse


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def said(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


CASES = [
    ("0/15 * * * *", "2012-07-09T14:45:00", "2012-07-09T15:00:00"),
    ("0/15 * * * *", "2012-07-09T14:59:59", "2012-07-09T15:00:00"),
    ("20-35/15 * * * *", "2012-07-09T15:45:00", "2012-07-09T16:20:00"),
    ("*/15 * * * *", "2012-07-09T23:46:00", "2012-07-10T00:00:00"),
    ("0 0 9 Apr-Oct ?", "2012-07-09T23:35:00", "2012-08-09T00:00:00"),
    ("0 0 */5 Apr,Aug,Oct Mon", "2012-07-09T23:35:00", "2012-08-01T00:00:00"),
    ("0 0 */5 Oct Mon", "2012-07-09T23:35:00", "2012-10-01T00:00:00"),
    ("0 0 * Feb Mon", "2012-07-09T23:35:00", "2013-02-04T00:00:00"),
    ("0 0 29 Feb ?", "2012-07-09T23:35:00", "2016-02-29T00:00:00"),
    ("@hourly", "2012-07-09T23:35:00", "2012-07-10T00:00:00"),
    ("@every 1h30m", "2012-07-09T23:35:10", "2012-07-10T01:05:10"),
    ("30 18 * * SUN", "2026-01-01T00:00:00", "2026-01-04T18:30:00"),
    ("@yearly", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
]


@pytest.mark.parametrize(("text", "after", "expected"), CASES)
def test_the_next_time(text, after, expected):
    assert said(parse(text).next_after(at(after))) == expected


def test_the_30th_of_february_never_comes():
    assert parse("0 0 30 2 *").next_after(at("2026-01-01T00:00:00")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * *", "5 fields"),
        ("61 * * * *", "minute"),
        ("* * * * 7", "day of week"),
        ("*/0 * * * *", "at least 1"),
        ("5-2 * * * *", "within"),
        ("@often", "known schedule"),
        ("@every soon", "duration"),
        ("x * * * *", "number"),
    ],
)
def test_what_is_wrong_is_told(text, words):
    with pytest.raises(ValueError, match=words):
        parse(text)


def test_an_unknown_zone_is_told():
    with pytest.raises(ValueError, match="time zone"):
        parse("* * * * *", "Mars/Olympus")


def test_wall_times_that_are_leapt_over_or_repeated():
    night = parse("30 2 * * *", "Europe/Berlin")
    assert said(night.next_after(at("2026-03-28T12:00:00"))) == "2026-03-30T00:30:00"
    first = night.next_after(at("2026-10-24T12:00:00"))
    assert said(first) == "2026-10-25T00:30:00"
    assert said(night.next_after(first)) == "2026-10-25T01:30:00", "it comes twice"


def one_field(low, high):
    number = st.integers(low, high)
    step = st.integers(2, 9).map(lambda n: f"*/{n}")
    spans = st.tuples(number, number).map(lambda p: f"{min(p)}-{max(p)}")
    parts = st.one_of(number.map(str), step, spans, st.just("*"))
    return st.lists(parts, min_size=1, max_size=3).map(",".join)


EXPRESSIONS = st.tuples(
    one_field(0, 59), one_field(0, 23), one_field(1, 28), one_field(1, 12), one_field(0, 6)
).map(" ".join)


def numbers(text, low, high):
    found = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last if dash else first))
        found |= set(range(start, end + 1, int(step or 1)))
    return found, "*" in text.split(",")


def twin(text, t):
    minute, hour, dom, month, dow = text.split()
    (minutes, _), (hours, _) = numbers(minute, 0, 59), numbers(hour, 0, 23)
    (dates, any_date), (months, _) = numbers(dom, 1, 31), numbers(month, 1, 12)
    names, any_name = numbers(dow, 0, 6)
    moment = datetime.fromtimestamp(t // 60 * 60, UTC)
    for _ in range(60 * 24 * 40):
        moment += timedelta(minutes=1)
        by_date, by_name = moment.day in dates, (moment.weekday() + 1) % 7 in names
        day = by_date and by_name if any_date or any_name else by_date or by_name
        if moment.month in months and day and moment.hour in hours and moment.minute in minutes:
            return int(moment.timestamp())
    return None


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, st.integers(at("2024-01-01T00:00:00"), at("2028-01-01T00:00:00")))
def test_it_agrees_with_looking_at_every_minute(text, t):
    expected = twin(text, t)
    found = parse(text).next_after(t)
    if expected is not None:
        assert found == expected
        assert parse(text).latest(t, found) == found
        assert parse(text).latest(t, found - 1) is None
    else:
        assert found is None or found > t + 40 * 86_400 - 60


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_the_latest_time_is_the_last_one_that_next_finds(after, length):
    schedule = parse("7,37 */3 * * *")
    until, last, t = after + length, None, schedule.next_after(after)
    while t <= until:
        last, t = t, schedule.next_after(t)
    assert schedule.latest(after, until) == last
