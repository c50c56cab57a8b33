"""L1: what pods really use: profiles of CPU, memory, local disk and processes over time.

```yaml
usage:
  cpu: 70%                      # of the request; also `90% of limit`, 500m, or one of the shapes
  memory: {leak: {from: 200Mi, perHour: 500Mi, upTo: 4Gi}}
```

| shape | meaning |
|---|---|
| `draw: {lognormal: …}` | drawn once for every pod |
| `ramp: {from, to, over}` | a straight line from the start of the containers |
| `diurnal: {low, high, period, peakAt}` | a sine by the time of day |
| `steps: {values: [{after, value}], repeat}` | a table, from the start of the containers |
| `leak: {from, perHour, upTo}` | grows for ever, anew after a restart |
| `spikes: {base, peak, every, for}` | a peak once a period, each pod at a time of its own |
| `replay: {path, format}` | as recorded, by the name of the pod |

Law: amounts are integers (milli-CPU, bytes, processes); a share is of what the pod itself requests
or of its limit, in thousandths. A profile is one shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

import yaml
from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from simk8s import units
from simk8s.scenario.annotations import USAGE
from simk8s.scenario.distributions import (
    CpuDistribution,
    MemoryDistribution,
    NumberDistribution,
)
from simk8s.scenario.later import OnDemand
from simk8s.scenario.types import AlsoText, Duration, Model, unit_error
from simk8s.units import US_PER_DAY

_SHARE = re.compile(r"(\d+(?:\.\d+)?)%(?: of (request|limit))?", re.ASCII)
_SHARE_PATTERN = r"^\d+(\.\d+)?%( of (request|limit))?$"


@dataclass(frozen=True, slots=True)
class Level:
    """An amount, or thousandths of the pod's request or limit."""

    amount: int = 0
    permille: int = 0
    of: Literal["", "request", "limit"] = ""


def _level(read: Callable[[Any], int], what: str) -> BeforeValidator:
    def parse(value: Any) -> Any:
        if isinstance(value, Level):
            return value
        if not isinstance(value, (str, int, float)):
            raise unit_error(f"expected {what} or a share like 70%")
        share = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
        if share is not None:
            permille = round(float(share.group(1)) * 10)
            return Level(permille=permille, of="limit" if share.group(2) == "limit" else "request")
        try:
            return Level(amount=read(value))
        except ValueError as error:
            raise unit_error(f"{error}; or a share like 70% or 90% of limit") from None

    return BeforeValidator(parse)


_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "pattern": units.QUANTITY_PATTERN},
            {"type": "string", "pattern": _SHARE_PATTERN},
            {"type": "number", "minimum": 0},
        ],
        "examples": ["70%", "90% of limit"],
    }
)
CpuLevel: TypeAlias = Annotated[Level, _level(units.cpu_milli, "CPU like 500m"), _SCHEMA]
MemoryLevel: TypeAlias = Annotated[Level, _level(units.memory_bytes, "memory like 2Gi"), _SCHEMA]
CountLevel: TypeAlias = Annotated[Level, _level(units.count, "a whole number"), _SCHEMA]

L = TypeVar("L")
D = TypeVar("D")
LongerThanNothing = Annotated[Duration, Field(gt=0)]


class Shaped(Model, Generic[L]):
    """Base of all shapes; only names them well (`LeakMemory`) in the JSON Schema."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """With the unit."""
        units_of = ((CpuLevel, "Cpu"), (MemoryLevel, "Memory"), (CountLevel, "Count"))
        return cls.__name__ + next((name for one, name in units_of if one == params[0]), "")


class Ramp(Shaped[L]):
    """From the start of the containers on, then level."""

    from_: L = Field(alias="from")
    to: L
    over: LongerThanNothing


class Diurnal(Shaped[L]):
    """A sine by the time of the run, which begins at midnight."""

    low: L
    high: L
    period: LongerThanNothing = US_PER_DAY
    peak_at: Duration = 14 * US_PER_DAY // 24


class Step(Shaped[L]):
    """From so long after the start on."""

    after: Duration
    value: L


class Steps(Shaped[L]):
    """A table; `repeat` begins it again after so long."""

    values: list[Step[L]] = Field(min_length=1)
    repeat: LongerThanNothing | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Steps[L]:
        times = [step.after for step in self.values]
        if times[0] != 0 or times != sorted(set(times)):
            raise _wrong("steps begin with `after: 0s` and come in order of time")
        if self.repeat is not None and self.repeat <= times[-1]:
            raise _wrong("`repeat` must be later than the last step")
        return self


class Leak(Shaped[L]):
    """Grows from the start of the containers on."""

    from_: L = Field(alias="from")
    per_hour: L
    up_to: L | None = None


class Spikes(Shaped[L]):
    """`peak` for so long, once in every period."""

    base: L
    peak: L
    every: LongerThanNothing
    for_: LongerThanNothing = Field(alias="for")

    @model_validator(mode="after")
    def _shorter(self) -> Spikes[L]:
        if self.for_ >= self.every:
            raise _wrong("`for` must be shorter than `every`")
        return self


class UsageReplay(Model):
    """A recorded series for each pod, found by the pod's name."""

    path: str
    format: Literal["surf_lisa"] = "surf_lisa"


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("E105", "{text}", {"text": text})


SHAPES = ("constant", "draw", "ramp", "diurnal", "steps", "leak", "spikes", "replay")


class Profile(Shaped[L], Generic[L, D]):
    """Exactly one shape; a bare value is `constant`."""

    constant: L | None = None
    draw: D | None = None
    ramp: OnDemand[Ramp[L]] | None = None
    diurnal: OnDemand[Diurnal[L]] | None = None
    steps: OnDemand[Steps[L]] | None = None
    leak: OnDemand[Leak[L]] | None = None
    spikes: OnDemand[Spikes[L]] | None = None
    replay: UsageReplay | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, data: Any) -> Any:
        return {"constant": data} if isinstance(data, (str, int, float)) else data

    @model_validator(mode="after")
    def _one_shape(self) -> Profile[L, D]:
        given = [name for name in SHAPES if getattr(self, name) is not None]
        if len(given) != 1:
            choices, got = ", ".join(SHAPES), " and ".join(given) or "none"
            text = f"expected exactly one of {choices}; got {got}"
            raise PydanticCustomError("E107", "{text}", {"text": text})
        return self

    @property
    def shape(self) -> str:
        """Which of `SHAPES`."""
        return next(name for name in SHAPES if getattr(self, name) is not None)


CpuProfile: TypeAlias = Annotated[Profile[CpuLevel, CpuDistribution], AlsoText()]
MemoryProfile: TypeAlias = Annotated[Profile[MemoryLevel, MemoryDistribution], AlsoText()]
CountProfile: TypeAlias = Annotated[Profile[CountLevel, NumberDistribution], AlsoText()]


class Usage(Model):
    """What the pods of a template use; what is left out is not used at all."""

    cpu: CpuProfile | None = None
    memory: MemoryProfile | None = None
    ephemeral_storage: MemoryProfile | None = Field(default=None, alias="ephemeral-storage")
    pids: CountProfile | None = None
    # CPU time after which the containers are done, however long that takes: 10m = 600 CPU-seconds.
    work: LongerThanNothing | None = None

    @model_validator(mode="after")
    def _work_needs_cpu(self) -> Usage:
        if self.work is not None and self.cpu is None:
            raise _wrong("`work` is CPU time: say beside it how much `cpu` the pod can use")
        return self

    @property
    def paths(self) -> list[str]:
        """Files that are replayed."""
        profiles = (self.cpu, self.memory, self.ephemeral_storage, self.pids)
        found = [p.replay.path for p in profiles if p is not None and p.replay is not None]
        return list(dict.fromkeys(found))


def from_annotations(notes: Mapping[str, str], prefix: str) -> Usage | None:
    """What annotations say, None if they say nothing. Raises ValueError."""
    found = {
        field: _value(notes[prefix + name])
        for name, field in USAGE.items()
        if prefix + name in notes
    }
    if not found:
        return None
    try:
        return Usage.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from None


def _value(text: str) -> Any:
    """A shape is written as YAML in braces."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {str(error).splitlines()[0]}") from None


def over(first: Usage | None, other: Usage | None) -> Usage | None:
    """Field by field: `first`, else `other`."""
    if first is None or other is None:
        return other if first is None else first
    given = {name: getattr(first, name) for name in first.model_fields_set}
    return other.model_copy(update=given)
