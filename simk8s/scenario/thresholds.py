"""L1: `thresholds:` of a scenario: what a run has to reach, as readable lines.

Grammar, one threshold a line: `NAME [pNN] < VALUE`, with `<`, `<=`, `>` or `>=`.

* NAME is a KPI as `--json` names it (`pending_share`, `cpu_utilisation_mean`) or, with a
  percentile behind it, one of the quantities of `schema.kpis` (`startup p99.9`, `readying p50`).
  `startup_us_p99` and `startup_p99` are `startup p99`: the unit is that of the value.
* VALUE is written as in the rest of a scenario: durations `5s`, `300ms`; shares `60%` or `0.6`;
  counts `100`, `1k`; rates `30/s`; pod and node time `10h`; money `120`; energy `2.5` (kWh).

The same as a mapping: `{kpi: startup p99, below: 5s}` (`below` <, `atMost` <=, `above` >,
`atLeast` >=). Law: names and units are checked before anything is simulated; a threshold reads
back as the line that it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from simk8s import units
from simk8s.catalog import suggest
from simk8s.scenario.types import AlsoText, Model
from simk8s.schema.kpis import KPIS, QUANTITIES, Kind

LINE = r"^\s*[A-Za-z][\w.]*(\s+[pP]\d+(\.\d+)?)?\s*[<>]=?\s*\S.*$"
OPERATORS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}
_LINE = re.compile(r"\s*([A-Za-z][\w.]*)((?:\s+[pP][\w.]+)?)\s*([<>]=?)\s*(.*\S)\s*", re.ASCII)
_TARGET = re.compile(r"([a-z]\w*?)(?:_(?:us|ms|s))?(?:[\s_]+p(\d{1,3}(?:\.\d{1,6})?))?", re.ASCII)
_SYNONYMS = {"pod_startup": "startup", "requested": "utilisation"}
_MAX_TEXT = 200
Number = str | int | float


@dataclass(frozen=True, slots=True)
class Target:
    """What a threshold is about: a KPI, or any percentile of a quantity."""

    name: str
    percent: float | None
    kind: Kind

    def __str__(self) -> str:
        return self.name if self.percent is None else f"{self.name} p{self.percent:g}"


def _problem(code: str, text: str, hint: str | None = None) -> PydanticCustomError:
    return PydanticCustomError(code, "{text}", {"text": text, "hint": hint})


def parse_target(text: str) -> Target:
    """`startup p99`, `pending_share`; PydanticCustomError with did-you-mean for anything else."""
    plain = text.strip().lower()
    for spoken, name in _SYNONYMS.items():
        plain = re.sub(rf"(?<![a-z]){spoken}(?![a-z])", name, plain)
    if plain in KPIS and not re.search(r"_us_p\d+$", plain):
        return Target(plain, None, KPIS[plain])
    match = _TARGET.fullmatch(plain) if len(plain) <= _MAX_TEXT else None
    name, percent = match.groups() if match else (plain, None)
    if name not in QUANTITIES:
        raise _unknown(text, plain)
    if percent is None:
        hint = f"write for example {name} p99"
        raise _problem("E105", f"{name} needs a percentile", hint)
    if not 0 < float(percent) <= 100:
        raise _problem("E105", f"p{percent} is no percentile", "above 0, at most 100")
    return Target(name, float(percent), "duration")


def _unknown(text: str, plain: str) -> PydanticCustomError:
    """Somebody asked for what nobody measures."""
    name, _, percent = plain.partition(" ")
    if percent and name in KPIS:
        return _problem("E105", f"{name} has no percentiles", f"percentiles of: {_listed()}")
    spoken = [f"{quantity} p99" for quantity in QUANTITIES]
    near = suggest(plain, [*KPIS, *spoken, *QUANTITIES]) or suggest(name, QUANTITIES)
    hint = f"did you mean {near!r}?" if near else "simk8s run --json prints them all"
    return _problem("E106", f"unknown KPI {_brief(text)}", hint)


def _listed() -> str:
    return ", ".join(QUANTITIES)


def _brief(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _known(text: str) -> str:
    parse_target(text)
    return text


class Threshold(Model):
    """One threshold: a KPI and exactly one bound."""

    kpi: Annotated[str, AfterValidator(_known)]
    below: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    at_least: Number | None = None

    @model_validator(mode="before")
    @classmethod
    def _line(cls, data: Any) -> Any:
        if isinstance(data, dict) and any(
            value is True or value is False for value in data.values()
        ):
            raise _problem("E103", "a bound is a number with its unit, not true or false")
        return _parsed(data) if isinstance(data, str) else data

    @model_validator(mode="after")
    def _checked(self) -> Threshold:
        given = [name for name in OPERATORS.values() if getattr(self, name) is not None]
        if len(given) != 1:
            got = " and ".join(given) or "none"
            raise _problem("E107", f"expected one of below, atMost, above, atLeast; got {got}")
        _limit(self.target, self.bound)
        return self

    @property
    def target(self) -> Target:
        """What it is about."""
        return parse_target(self.kpi)

    @property
    def operator(self) -> str:
        """`<`, `<=`, `>` or `>=`."""
        return next(sign for sign, name in OPERATORS.items() if getattr(self, name) is not None)

    @property
    def bound(self) -> Number:
        """The value as it was written."""
        found: Number = getattr(self, OPERATORS[self.operator])
        return found

    @property
    def limit(self) -> float:
        """The value in the KPI's base unit: microseconds, a share of one."""
        return _limit(self.target, self.bound)

    def holds(self, value: float) -> bool:
        """Whether a value meets it."""
        limit = self.limit
        if self.operator in ("<", ">"):
            return value < limit if self.operator == "<" else value > limit
        return value <= limit if self.operator == "<=" else value >= limit

    def __str__(self) -> str:
        bound = self.bound
        if not isinstance(bound, str) and self.target.kind in ("duration", "work", "node_time"):
            bound = units.format_duration(round(self.limit))
        return f"{self.target} {self.operator} {bound}"


def _parsed(line: str) -> dict[str, str]:
    match = _LINE.fullmatch(line) if len(line) <= _MAX_TEXT else None
    if match is None:
        hint = "write it like startup p99 < 5s or cpu_utilisation_mean > 60%"
        if re.search(r"==|!=|(?<![<>])=", line):
            hint = "compare with <, <=, > or >="
        raise _problem("E105", f"{_brief(line)} is not a threshold", hint)
    name, percent, sign, value = match.groups()
    by_alias = {"at_most": "atMost", "at_least": "atLeast"}
    written = OPERATORS[sign]
    return {"kpi": name + percent, by_alias.get(written, written): value}


def _limit(target: Target, written: Number) -> float:
    try:
        return _READ[target.kind](written)
    except ValueError as error:
        raise _problem("E104", f"{target}: {error}", _advice(target, written)) from None


def _advice(target: Target, written: Number) -> str | None:
    if target.kind == "count" and "%" in str(written) and "pending" in target.name:
        return "for a share of the pods use pending_share"
    return None


def _share(written: Number) -> float:
    text = str(written).strip() if isinstance(written, str) else written
    if isinstance(text, str) and text.endswith("%"):
        return float(units.parse_quantity(text[:-1].rstrip()) / 100)
    value = units.parse_quantity(text)
    if not 0 <= value <= 1:
        raise ValueError(f"a share is at most 1; write {written}% if you mean that")
    return float(value)


def _number(written: Number) -> float:
    value = units.parse_quantity(written)
    if abs(value) > units.INT64_MAX:
        raise ValueError("a number larger than 2^63")
    return float(value)


def _money(written: Number) -> float:
    return _number(written.strip().removeprefix("$") if isinstance(written, str) else written)


def _energy(written: Number) -> float:
    return _number(written.strip().removesuffix("kWh") if isinstance(written, str) else written)


def _rate(written: Number) -> float:
    if not isinstance(written, str):
        return _number(written)
    return float(Fraction(repr(units.rate_per_us(written))) * units.US_PER_SECOND)


_READ = {
    "duration": lambda written: float(units.duration_us(written)),
    "work": lambda written: float(units.duration_us(written)),
    "node_time": lambda written: float(units.duration_us(written)),
    "energy": _energy,
    "share": _share,
    "count": _number,
    "money": _money,
    "rate": _rate,
}


Thresholds: TypeAlias = list[Annotated[Threshold, AlsoText(LINE)]]
_ADAPTER = TypeAdapter(Thresholds)


def read_thresholds(data: Any) -> list[Threshold]:
    """The thresholds of a scenario's data, as a manifest holds it; none where it has none."""
    section = data.get("thresholds") if isinstance(data, dict) else None
    try:
        return _ADAPTER.validate_python(section or [])
    except ValidationError:
        return []
