"""L1: cron expressions, and when they are due.

Law: instants are whole seconds since 1970 (UTC); `next_after` is a function of the expression, the
zone and the instant alone. A wall time that a zone leaps over never comes, one that it repeats
comes twice.

Mirrors: robfig/cron v3 ParseStandard, as CronJobs of v1.36 have it: five fields with lists,
ranges, steps, names and `?`; @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly,
@every 1h30m; a day matches if day of month *and* day of week do where one of them is `*`,
otherwise if either does; nothing that is more than five years away. Departs: zones are Python's
zoneinfo, so their rules are those of the machine's tz database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

MINUTE, HOUR, DAY = 60, 3_600, 86_400
FARTHEST = 5 * 366 * DAY

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of week", 0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True, slots=True)
class Field:
    """Values of one field, as bits; `star` where it was `*` or `?`."""

    bits: int
    star: bool

    def __contains__(self, value: int) -> bool:
        return bool(self.bits >> value & 1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed expression; `every` in seconds instead of fields for `@every`."""

    fields: tuple[Field, ...] = ()
    zone: tzinfo = UTC
    every: int = 0

    def next_after(self, t: int) -> int | None:
        """The first instant after `t`; None if there is none within five years."""
        if self.every:
            return t + self.every
        minute, hour, _, month, _ = self.fields
        at = t // MINUTE * MINUTE + MINUTE
        while at < t + FARTHEST:
            local = datetime.fromtimestamp(at, self.zone)
            if local.month not in month or not self._day(local):
                at = self._next_day(at, local)
            elif local.hour not in hour:
                at += (60 - local.minute) * MINUTE
            elif local.minute not in minute:
                at += MINUTE
            else:
                return at
        return None

    def latest(self, after: int, until: int) -> int | None:
        """The last instant in (after, until]."""
        for back in (HOUR, DAY, 40 * DAY, FARTHEST):
            found = None
            at = self.next_after(max(after, until - back)) if not self.every else None
            if self.every:
                steps = (until - after) // self.every
                return after + steps * self.every if steps > 0 else None
            while at is not None and at <= until:
                found, at = at, self.next_after(at)
            if found is not None or until - back <= after:
                return found
        return None

    def _day(self, local: datetime) -> bool:
        _, _, dom, _, dow = self.fields
        by_date, by_name = local.day in dom, (local.weekday() + 1) % 7 in dow
        return by_date and by_name if dom.star or dow.star else by_date or by_name

    def _next_day(self, at: int, local: datetime) -> int:
        """The first instant of the next local day."""
        date = (local + timedelta(days=1)).date()
        start = datetime(date.year, date.month, date.day, tzinfo=self.zone)
        return max(at + MINUTE, int(start.timestamp()))


@lru_cache(maxsize=4096)
def parse(text: str, zone: str = "") -> Schedule:
    """A schedule; ValueError with clear words if it is none."""
    where = _zone(zone)
    text = text.strip()
    if text.startswith("@every "):
        return Schedule(every=_every(text.removeprefix("@every ").strip()))
    if text.startswith("@") and text not in _NAMED:
        raise ValueError(f"{text!r} is not a known schedule like @hourly or @every 1h")
    parts = _NAMED.get(text, text).split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f"expected 5 fields (minute hour day month weekday), found {len(parts)}")
    return Schedule(tuple(_field(part, *_FIELDS[at]) for at, part in enumerate(parts)), where)


def _zone(name: str) -> tzinfo:
    if name in ("", "UTC", "Etc/UTC"):
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone like Europe/Berlin") from error


def _every(text: str) -> int:
    found = _EVERY.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"{text!r} is not a duration like 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = hours * HOUR + minutes * MINUTE + seconds
    return max(1, total)


def _field(text: str, name: str, low: int, high: int, names: dict[str, int]) -> Field:
    """One field: lists of values, ranges and steps."""
    bits, star = 0, False
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, name, {}) if slash else 1
        if step < 1:
            raise ValueError(f"{name}: the step of {part!r} must be at least 1")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
            star = star or step == 1
        else:
            start = _number(first, name, names)
            end = _number(last, name, names) if dash else (high if slash else start)
        if not low <= start <= end <= high:
            raise ValueError(f"{name}: {part!r} is not within {low}-{high}")
        for value in range(start, end + 1, step):
            bits |= 1 << value
    return Field(bits, star)


def _number(text: str, name: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not text.isdecimal() or not text.isascii():
        raise ValueError(f"{name}: {text!r} is not a number")
    return int(text)
