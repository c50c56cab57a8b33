"""L1: field types of scenario models: text with units in, integers in base units out.

Law: after validation a duration is integer microseconds, CPU integer millicores, memory integer
bytes and a rate events per microsecond; before it, they are written as in Kubernetes. Extensions
annotate their `Params` with these, so every section of a scenario reads units alike.
A default in a model is not validated: write it in base units (`window: Duration = 1_000_000`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError

from simk8s import units


class Model(BaseModel):
    """Base of all sections: camelCase keys, unknown keys refused, values frozen."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        defer_build=True,
    )


def unit_error(text: str) -> PydanticCustomError:
    """A quantity that cannot be read, as the code of its kind of mistake."""
    return PydanticCustomError("E104", "{text}", {"text": text})


def _read(parse: Callable[[Any], Any], what: str) -> BeforeValidator:
    def read(value: Any) -> Any:
        if not isinstance(value, (str, int, float)):
            raise unit_error(f"expected {what}, got {_kind(value)}")
        try:
            return parse(value)
        except ValueError as error:
            raise unit_error(str(error)) from None

    return BeforeValidator(read)


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)


def _schema(pattern: str, example: str, *, number: bool = True) -> WithJsonSchema:
    text = {"type": "string", "pattern": pattern}
    if not number:
        return WithJsonSchema({**text, "examples": [example]})
    return WithJsonSchema(
        {"anyOf": [text, {"type": "number", "minimum": 0}], "examples": [example]}
    )


@dataclass(frozen=True)
class AlsoText:
    """Annotation: a before-validator also takes text here; only the JSON Schema needs to know."""

    pattern: str | None = None

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        text = {"type": "string"} | ({"pattern": self.pattern} if self.pattern else {})
        return {"anyOf": [text, handler(schema)]}


Duration: TypeAlias = Annotated[
    int,
    _read(units.duration_us, "a duration like 90s or 1h30m"),
    PlainSerializer(units.format_duration, return_type=str),
    _schema(units.DURATION_PATTERN, "1h30m"),
]
CpuQuantity: TypeAlias = Annotated[
    int,
    _read(units.cpu_milli, "CPU like 500m or 2"),
    PlainSerializer(lambda milli: f"{milli}m", return_type=str),
    _schema(units.QUANTITY_PATTERN, "500m"),
]
MemoryQuantity: TypeAlias = Annotated[
    int,
    _read(units.memory_bytes, "memory like 512Mi or 2Gi"),
    PlainSerializer(str, return_type=str),
    _schema(units.QUANTITY_PATTERN, "2Gi"),
]
Count: TypeAlias = Annotated[
    int,
    _read(units.count, "a whole number"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d+[kMG]?$"},
                {"type": "integer", "minimum": 0},
            ],
            "examples": [10],
        }
    ),
]
_PERCENT = r"^\d{1,4}%$"


def _portion(value: Any) -> int | str:
    """A number of pods, or percent as text."""
    if type(value) is int and value >= 0:
        return value
    if isinstance(value, str) and re.match(_PERCENT, value):
        return value
    text = f"expected a whole number of pods or a share like 25%, got {value!r}"
    raise PydanticCustomError("E105", "{text}", {"text": text})


# As Kubernetes' IntOrString: 3, or "25%".
Portion: TypeAlias = Annotated[
    int | str,
    BeforeValidator(_portion),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": _PERCENT},
            ],
            "examples": ["25%"],
        }
    ),
]
# Per microsecond; written per second, minute, hour or day.
Rate: TypeAlias = Annotated[
    float,
    _read(units.rate_per_us, "a rate like 30/min"),
    PlainSerializer(lambda per_us: f"{per_us * units.US_PER_SECOND:.17g}/s", return_type=str),
    _schema(units.RATE_PATTERN, "30/min", number=False),
]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Positive: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
