"""Numbers as people read them: thousands separators, three significant digits, a unit.

Law: the same value reads the same on the page, in the summary table and in a verdict; a value
that is not there is a dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Format = Literal[
    "count", "number", "share", "duration", "work", "rate", "money", "bytes", "node_time", "energy"
]

DASH = "–"
_GAP = "\u00a0"  # no line break between a number and its unit
_MINUS = "−"


def text(value: float | None, how: Format) -> str:
    """A value in its format."""
    if value is None:
        return DASH
    if value < 0:
        return _MINUS + text(-value, how)
    return _FORMATS[how](value)


def difference(value: float | None, how: Format) -> str:
    """A difference: always signed, shares in percentage points."""
    if value is None:
        return DASH
    plain = f"{significant(abs(value) * 100)}{_GAP}pp" if how == "share" else text(abs(value), how)
    if not any(digit in plain for digit in "123456789"):
        return "±0"
    return ("+" if value > 0 else _MINUS) + plain


def numbers(values: Sequence[int]) -> str:
    """`1, 2, 5`; where more than four follow each other: `1 to 200`."""
    if len(values) > 4 and list(values) == list(range(values[0], values[-1] + 1)):
        return f"{values[0]} to {values[-1]}"
    return ", ".join(map(str, values))


def significant(value: float) -> str:
    """Three significant digits, thousands separated, never an exponent: 0.0123, 1.23, 12,345."""
    if value == 0:
        return "0"
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    if abs(value) >= 9.995:
        return _trimmed(f"{value:.1f}")
    if abs(value) >= 0.9995:
        return _trimmed(f"{value:.2f}")
    return _trimmed(f"{value:.{_decimals(abs(value))}f}") if abs(value) >= 1e-6 else "0"


def _decimals(value: float) -> int:
    """Decimals that show two significant digits of a value below one."""
    decimals = 2
    while value < 0.1 and decimals < 7:
        value *= 10
        decimals += 1
    return decimals


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def count(value: float) -> str:
    """`14,203`; means over several runs keep a digit."""
    if value == round(value):
        return f"{value:,.0f}"
    return significant(value)


def share(value: float) -> str:
    """`62.4 %`; close to the ends no rounding to 0 or 100."""
    percent = value * 100
    if 0 < percent < 0.01:
        return f"<{_GAP}0.01{_GAP}%"
    if 99.95 <= percent < 100:
        return f"{percent:.2f}{_GAP}%" if percent < 99.995 else f">{_GAP}99.99{_GAP}%"
    digits = 1 if percent >= 1 or percent == 0 else 2
    return _trimmed(f"{percent:,.{digits}f}") + f"{_GAP}%"


_DURATIONS = (
    (1_000, 1, "µs"),
    (1_000_000, 1_000, "ms"),
    (60_000_000, 1_000_000, "s"),
    (3_600_000_000, 60_000_000, "min"),
    (48 * 3_600_000_000, 3_600_000_000, "h"),
)


def duration(us: float) -> str:
    """Microseconds in the unit that fits: `4.21 s`, `6.5 h`."""
    if us == 0:
        return f"0{_GAP}s"
    for below, size, unit in _DURATIONS:
        # 999.6 µs reads 1 ms, not 1,000 µs.
        if us < below * (1 - 5e-4):
            return f"{significant(us / size)}{_GAP}{unit}"
    return f"{significant(us / (24 * 3_600_000_000))}{_GAP}d"


def work(us: float) -> str:
    """Running time of several pods added up; `182 d` would read like a date."""
    hours = us / 3_600_000_000
    if 0 < hours < 0.01:
        return f"{significant(us / 1_000_000)}{_GAP}pod-s"
    return f"{significant(hours)}{_GAP}pod-h"


def node_time(us: float) -> str:
    """Time of several nodes added up."""
    return f"{significant(us / 3_600_000_000)}{_GAP}node-h"


def energy(kwh: float) -> str:
    """`0.42 Wh`, `3.1 kWh`, `12.4 MWh`."""
    if 0 < kwh < 0.9995:
        return f"{significant(kwh * 1_000)}{_GAP}Wh"
    if kwh >= 999.5:
        return f"{significant(kwh / 1_000)}{_GAP}MWh"
    return f"{significant(kwh)}{_GAP}kWh"


def rate(per_second: float) -> str:
    return f"{significant(per_second)}{_GAP}/s"


def money(dollars: float) -> str:
    """Cents, except where there are none."""
    if 0 < dollars < 0.095:
        return f"${significant(dollars)}"
    return f"${dollars:,.0f}" if dollars >= 100 else f"${dollars:,.2f}"


def size(value: float) -> str:
    """Bytes in powers of 1,024."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units:
        if value < 1024:
            return f"{significant(value)}{_GAP}{unit}"
        value /= 1024
    return f"{significant(value)}{_GAP}PiB"


_FORMATS = {
    "count": count,
    "number": significant,
    "share": share,
    "duration": duration,
    "work": work,
    "rate": rate,
    "money": money,
    "node_time": node_time,
    "energy": energy,
    "bytes": size,
}
