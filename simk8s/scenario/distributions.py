"""L1: probability distributions as a user writes them: one key, its parameters, their units.

Law: these models say what is wanted and check that it makes sense; `workload/` and `faults/` draw
from them. A bare value is `constant`. Values are in the base unit of the field (microseconds,
millicores, bytes, or plain numbers), so `Distribution[Duration]` reads `{exponential: {mean: 5m}}`.

    5m | {constant: 5m} | {exponential: {mean: 5m}} | {uniform: {min: 1m, max: 9m}}
    {lognormal: {p50: 10m, p99: 6h}} | {lognormal: {mean: 1h, sigma: 1.2}}
    {weibull: {p50: 10m, p99: 6h}} | {weibull: {shape: 0.7, scale: 30d}}
    {scipy: {name: gamma, params: {a: 2}, scale: 10m}}
    {empirical: {values: [1m, 5m], weights: [3, 1]}} | {quantiles: {p0: 1s, p50: 10m, p100: 6h}}
"""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from simk8s.catalog import suggest
from simk8s.scenario.later import OnDemand
from simk8s.scenario.scipy_names import SHAPES
from simk8s.scenario.types import (
    CpuQuantity,
    Duration,
    MemoryQuantity,
    Model,
    Number,
    Positive,
)

Q = TypeVar("Q", int, float)


def wrong(text: str, hint: str | None = None) -> PydanticCustomError:
    """A value that reads well and makes no sense."""
    context = {"text": text} if hint is None else {"text": text, "hint": hint}
    return PydanticCustomError("E105", "{text}", context)


_UNITS = ((Duration, "Duration"), (CpuQuantity, "Cpu"), (MemoryQuantity, "Memory"))


class Law(Model, Generic[Q]):
    """Base of all laws; only names them well (`LognormalDuration`) in the JSON Schema."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        unit = next((name for unit, name in _UNITS if unit == params[0]), "Number")
        return cls.__name__ + unit


class Exponential(Law[Q]):
    mean: Q

    @model_validator(mode="after")
    def _sensible(self) -> Exponential[Q]:
        if self.mean <= 0:
            raise wrong("the mean of an exponential must be above zero")
        return self


class Uniform(Law[Q]):
    min: Q
    max: Q

    @model_validator(mode="after")
    def _sensible(self) -> Uniform[Q]:
        if self.min > self.max:
            raise wrong("min is above max")
        return self


def _check_percentiles(p50: float | None, p99: float | None, other: bool, pair: str) -> None:
    if (p50 is None) != (p99 is None) or (p50 is None) == (not other):
        raise wrong(f"write either p50 and p99, or {pair}")
    if p50 is not None and p99 is not None and not 0 < p50 < p99:
        raise wrong("0 < p50 < p99 must hold")


class Lognormal(Law[Q]):
    """By two percentiles, or by the mean of the values and the sigma of their logarithm."""

    p50: Q | None = None
    p99: Q | None = None
    mean: Q | None = None
    sigma: Positive | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Lognormal[Q]:
        other = self.mean is not None or self.sigma is not None
        _check_percentiles(self.p50, self.p99, other, "mean and sigma")
        if other and (self.sigma is None or self.mean is None or self.mean <= 0):
            raise wrong("a lognormal by mean needs mean above zero and sigma")
        return self


class Weibull(Law[Q]):
    """By two percentiles, or by shape and scale (shape below one: early failures)."""

    p50: Q | None = None
    p99: Q | None = None
    shape: Positive | None = None
    scale: Q | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Weibull[Q]:
        other = self.shape is not None or self.scale is not None
        _check_percentiles(self.p50, self.p99, other, "shape and scale")
        if other and (self.shape is None or self.scale is None or self.scale <= 0):
            raise wrong("a weibull needs shape and a scale above zero")
        return self


class Scipy(Law[Q]):
    """Any continuous distribution of scipy.stats: `scale` and `loc` carry the unit."""

    name: str
    params: dict[str, Number] = Field(default_factory=dict)
    scale: Q
    loc: Q | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Scipy[Q]:
        if self.name not in SHAPES:
            near = suggest(self.name, SHAPES)
            hint = f"did you mean {near!r}?" if near else None
            raise wrong(f"scipy.stats has no continuous distribution {self.name!r}", hint)
        shapes = SHAPES[self.name]
        if set(shapes) != set(self.params):
            wanted = ", ".join(shapes) or "none"
            raise wrong(f"{self.name} takes the params {wanted}")
        if self.scale <= 0:
            raise wrong("scale must be above zero")
        return self


class Empirical(Law[Q]):
    """Observed values, each as likely as its weight."""

    values: list[Q] = Field(min_length=1)
    weights: list[Number] | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Empirical[Q]:
        if self.weights is None:
            return self
        if len(self.weights) != len(self.values):
            raise wrong(f"{len(self.values)} values but {len(self.weights)} weights")
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise wrong("weights must not be negative, and one must be above zero")
        return self


Percentile: TypeAlias = Annotated[str, Field(pattern=r"^p(100(\.0+)?|\d{1,2}(\.\d+)?)$")]


class Distribution(Law[Q]):
    """Exactly one of the keys; `kind` says which and `law` is its model (or the constant)."""

    constant: Q | None = None
    exponential: OnDemand[Exponential[Q]] | None = None
    lognormal: OnDemand[Lognormal[Q]] | None = None
    weibull: OnDemand[Weibull[Q]] | None = None
    uniform: OnDemand[Uniform[Q]] | None = None
    scipy: OnDemand[Scipy[Q]] | None = None
    empirical: OnDemand[Empirical[Q]] | None = None
    # Straight lines between the percentiles: {p0: 1s, p50: 10m, p100: 6h}.
    quantiles: dict[Percentile, Q] | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, data: Any) -> Any:
        return {"constant": data} if isinstance(data, (str, int, float)) else data

    @model_validator(mode="after")
    def _exactly_one(self) -> Distribution[Q]:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise wrong(f"expected one distribution, got {' and '.join(given) or 'none'}")
        if self.quantiles is not None:
            _check_quantiles(self.quantiles)
        return self

    @property
    def kind(self) -> str:
        return next(n for n in type(self).model_fields if getattr(self, n) is not None)

    @property
    def law(self) -> Any:
        return getattr(self, self.kind)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler.resolve_ref_schema(handler(core_schema))
        bare = next(s for s in schema["properties"]["constant"]["anyOf"] if s != {"type": "null"})
        shape = dict(schema)
        schema.clear()
        schema["title"] = shape.pop("title")
        schema["anyOf"] = [bare, {**shape, "minProperties": 1, "maxProperties": 1}]
        return schema


def _check_quantiles(quantiles: dict[str, Any]) -> None:
    points = sorted((float(key[1:]), value) for key, value in quantiles.items())
    if points[:1] == [] or points[0][0] != 0 or points[-1][0] != 100:
        raise wrong("quantiles need p0 and p100, and what you know between them")
    for (low, a), (high, b) in itertools.pairwise(points):
        if low == high or a > b:
            raise wrong(f"quantiles must not fall: p{low:g} to p{high:g}")


DurationDistribution: TypeAlias = Distribution[Duration]
CpuDistribution: TypeAlias = Distribution[CpuQuantity]
MemoryDistribution: TypeAlias = Distribution[MemoryQuantity]
NumberDistribution: TypeAlias = Distribution[Number]
