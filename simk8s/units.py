"""L0: quantities, durations and rates as people write them, as exact numbers.

Law: parsing is exact (fractions, never floats) until the last step; what cannot be read raises
`ValueError` in words a user can act on. Time is integer microseconds, CPU integer millicores,
memory integer bytes; fractions of those are rounded up, so a request never shrinks.

Mirrors: k8s.io/apimachinery resource.Quantity (suffixes n u m k M G T P E, Ki..Ei, decimal
exponents) and Go's time.ParseDuration.
Departs: durations also take `d` and `w`, bare numbers are seconds; quantities beyond 2^63 are an
error instead of being capped.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

US_PER_SECOND = 1_000_000
US_PER_MINUTE = 60 * US_PER_SECOND
US_PER_HOUR = 60 * US_PER_MINUTE
US_PER_DAY = 24 * US_PER_HOUR
INT64_MAX = 2**63 - 1
MAX_DURATION_US = 1_000 * 365 * US_PER_DAY

QUANTITY_PATTERN = r"^\+?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$"
DURATION_PATTERN = r"^((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w))+$"
RATE_PATTERN = (
    r"^(\d+(\.\d*)?|\.\d+)\s*/\s*"
    r"(ms|s|sec|second|m|min|minute|h|hr|hour|d|day|w|week)$"
)

_DECIMAL = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
}
_BINARY = {prefix + "i": Fraction(1024**power) for power, prefix in enumerate("KMGTPE", start=1)}
_SUFFIXES = _DECIMAL | _BINARY

_TIME_US = {
    "ns": Fraction(1, 1000),
    "us": Fraction(1),
    "µs": Fraction(1),  # micro sign
    "μs": Fraction(1),  # Greek mu: Go accepts both
    "ms": Fraction(1000),
    "s": Fraction(US_PER_SECOND),
    "m": Fraction(US_PER_MINUTE),
    "h": Fraction(US_PER_HOUR),
    "d": Fraction(US_PER_DAY),
    "w": Fraction(7 * US_PER_DAY),
}
_RATE_US = {
    "ms": 1000,
    **dict.fromkeys(("s", "sec", "second"), US_PER_SECOND),
    **dict.fromkeys(("m", "min", "minute"), US_PER_MINUTE),
    **dict.fromkeys(("h", "hr", "hour"), US_PER_HOUR),
    **dict.fromkeys(("d", "day"), US_PER_DAY),
    **dict.fromkeys(("w", "week"), 7 * US_PER_DAY),
}

# Longer text is never a number somebody wrote; it only costs time to convert.
_MAX_TEXT = 64
_QUANTITY = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(.*)", re.ASCII | re.DOTALL)
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,2})", re.ASCII)
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)([a-zµμ]+)", re.ASCII | re.IGNORECASE)
_RATE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*/\s*([a-zA-Z]+)\s*", re.ASCII)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _number(value: int | float) -> Fraction:
    """A YAML number by its written digits: 0.1 is one tenth, not the nearest binary double."""
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {str(value).lower()}")
    if isinstance(value, int):
        return Fraction(value)
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value}")
    return Fraction(repr(value))


def parse_quantity(text: str | int | float) -> Fraction:
    """`500m`, `2Gi`, `1.5`, `1e3` as an exact fraction of the base unit."""
    if not isinstance(text, str):
        return _number(text)
    match = _QUANTITY.fullmatch(text.strip()) if len(text) <= _MAX_TEXT else None
    if match is None:
        raise ValueError(f"{_shown(text)} is not a quantity; write it like 500m, 2 or 1.5Gi")
    sign, digits, suffix = match.groups()
    number = Fraction(int(digits) if digits.isdecimal() else digits)  # a Fraction reads text slowly
    if suffix:
        number *= _suffix_factor(suffix, text)
    return -number if sign == "-" else number


def _suffix_factor(suffix: str, text: str) -> Fraction:
    factor = _SUFFIXES.get(suffix)
    if factor is not None:
        return factor
    exponent = _EXPONENT.fullmatch(suffix)
    if exponent is not None:
        return Fraction(10) ** int(exponent.group(1))
    raise ValueError(
        f"{_shown(text)} is not a quantity: unknown suffix {_shown(suffix)}"
        f"{_suffix_advice(suffix.strip())}; known are m, k, M, G, T, P, E and Ki, Mi, Gi, Ti, Pi"
    )


def _suffix_advice(suffix: str) -> str:
    bare = suffix.removesuffix("B").removesuffix("b")
    for candidate in (bare, bare.capitalize(), bare.lower(), bare.upper(), bare[:1].upper() + "i"):
        if candidate and candidate in _SUFFIXES:
            return f", did you mean {candidate!r}?"
    return ""


def _whole(quantity: Fraction, what: str, text: object) -> int:
    value = math.ceil(quantity)
    if quantity < 0:
        raise ValueError(f"{what} must not be negative, got {_shown(text)}")
    if value > INT64_MAX:
        raise ValueError(f"{what} {_shown(text)} is larger than 2^63")
    return value


def _short(digits: str) -> bool:
    """Whether that is a whole number of at most 18 digits, read without fractions."""
    return len(digits) <= 18 and digits.isdecimal() and digits.isascii()


def cpu_milli(quantity: str | int | float) -> int:
    """CPU in millicores, rounded up: `0.5` and `500m` are 500."""
    if isinstance(quantity, str) and quantity[-1:] == "m" and _short(quantity[:-1]):
        return int(quantity[:-1])
    return _whole(parse_quantity(quantity) * 1000, "cpu", quantity)


def memory_bytes(quantity: str | int | float) -> int:
    """Memory in bytes, rounded up."""
    if isinstance(quantity, str) and _short(quantity):
        return int(quantity)
    return _whole(parse_quantity(quantity), "memory", quantity)


def count(quantity: str | int | float) -> int:
    """A number of whole things: `3`, `1k`, never `2.5`."""
    value = parse_quantity(quantity)
    if value.denominator != 1:
        raise ValueError(f"expected a whole number, got {_shown(quantity)}")
    return _whole(value, "a count", quantity)


def duration_us(text: str | int | float) -> int:
    """`90s`, `1h30m`, `1.5h`, `2d` or a bare number of seconds, as microseconds."""
    total = _parse_duration(text) if isinstance(text, str) else _number(text) * US_PER_SECOND
    if total < 0:
        raise ValueError(f"a duration must not be negative, got {_shown(text)}")
    if total > MAX_DURATION_US:
        raise ValueError(f"the duration {_shown(text)} is longer than 1000 years")
    return round(total)


def _parse_duration(text: str) -> Fraction:
    stripped = text.strip()
    sign = -1 if stripped.startswith("-") else 1
    body = stripped.lstrip("+-") if stripped[:1] in ("+", "-") else stripped
    if len(text) > _MAX_TEXT or not body:
        raise ValueError(f"{_shown(text)} is not a duration; write it like 90s, 5m or 1h30m")
    if body == "0":
        return Fraction(0)
    total, end = Fraction(0), 0
    for match in _DURATION.finditer(body):
        if match.start() != end:
            break
        total += Fraction(match.group(1)) * _time_unit(match.group(2), text)
        end = match.end()
    if end != len(body):
        if re.fullmatch(r"\d+\.?\d*|\.\d+", body, re.ASCII):
            raise ValueError(f"the duration {_shown(text)} has no unit; write {body}s, {body}m …")
        raise ValueError(f"{_shown(text)} is not a duration; write it like 90s, 5m or 1h30m")
    return sign * total


def _time_unit(unit: str, text: str) -> Fraction:
    factor = _TIME_US.get(unit)
    if factor is not None:
        return factor
    wanted = {"min": "m", "mins": "m", "minute": "m", "minutes": "m", "sec": "s", "secs": "s"}
    wanted |= {"hour": "h", "hours": "h", "hr": "h", "day": "d", "days": "d", "seconds": "s"}
    near = wanted.get(unit.lower()) or (unit.lower() if unit.lower() in _TIME_US else None)
    advice = f", did you mean {near!r}?" if near else ""
    raise ValueError(
        f"{_shown(text)} is not a duration: unknown unit {_shown(unit)}{advice}; "
        "known are ns, us, ms, s, m, h, d, w"
    )


def rate_per_us(text: str | int | float) -> float:
    """`30/min`, `5/s`, `2/h` as events per microsecond."""
    match = _RATE.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_TEXT else None
    if match is None:
        raise ValueError(f"{_shown(text)} is not a rate; write it like 30/min, 5/s or 2/h")
    number, unit = match.groups()
    per_us = _RATE_US.get(unit)
    if per_us is None:
        raise ValueError(f"unknown rate unit {_shown(unit)} in {_shown(text)}: use s, min, h or d")
    if Fraction(number) < 0:
        raise ValueError(f"a rate must not be negative, got {_shown(text)}")
    return float(Fraction(number) / per_us)


def format_duration(us: int) -> str:
    """Exact and short; `duration_us` reads it back: 5400000000 -> `1h30m`."""
    if us < 0:
        return "-" + format_duration(-us)
    if us < US_PER_SECOND:
        return _below_a_second(us)
    parts, rest = [], us
    for unit, size in (("d", US_PER_DAY), ("h", US_PER_HOUR), ("m", US_PER_MINUTE)):
        whole, rest = divmod(rest, size)
        if whole:
            parts.append(f"{whole}{unit}")
    if rest:
        seconds, fraction = divmod(rest, US_PER_SECOND)
        parts.append(f"{seconds}.{fraction:06d}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)


def _below_a_second(us: int) -> str:
    if us == 0:
        return "0s"
    if us < 1000:
        return f"{us}us"
    whole, rest = divmod(us, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + "ms"


def format_bytes(value: int | float) -> str:
    """For people: `1.5 GiB`."""
    size = float(value)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if abs(size) < 1024 or unit == "PiB":
            break
        size /= 1024
    return f"{size:.1f}".rstrip("0").rstrip(".") + f" {unit}"


def format_cpu(milli: int | float) -> str:
    """For people: `2`, `1.5`, and below one core `500m`."""
    if 0 < milli < 1000:
        return f"{milli:g}m"
    return f"{milli / 1000:.3f}".rstrip("0").rstrip(".")


def indexes_of(text: str) -> list[int]:
    """`1,3-5` as numbers. Raises ValueError."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        found += range(int(first), int(last if dash else first) + 1)
    return found
