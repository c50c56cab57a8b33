"""L1: label selectors as kubectl writes them, `app=web,tier in (front, back),!canary`, or as a
manifest does, with `matchLabels` and `matchExpressions`.

Law: all requirements must hold; one that looks for something else than a value (`!=`, `notin`,
`!key`) also holds where the label is missing. An empty mapping selects everything, as in
Kubernetes; an empty text is a mistake.

Mirrors: apimachinery labels.Parse and metav1.LabelSelectorAsSelector, v1.36. Departs: `>` and `<`
are not known, as they are not in a LabelSelector.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simk8s.scenario.types import Model

Operator: TypeAlias = Literal["In", "NotIn", "Exists", "DoesNotExist"]
_KEY = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_PART = re.compile(
    rf"\s*(?:(?P<none>!)\s*(?P<absent>{_KEY})"
    rf"|(?P<key>{_KEY})(?:\s*(?P<sign>==?|!=)\s*(?P<value>[-A-Za-z0-9_.]*)"
    rf"|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|\Z)"
)


class Requirement(NamedTuple):
    """One condition on one label."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it."""
        there = self.key in labels
        if self.operator == "In":
            return there and labels[self.key] in self.values
        if self.operator == "NotIn":
            return not there or labels[self.key] not in self.values
        return there == (self.operator == "Exists")


class LabelSelector(NamedTuple):
    """All of its requirements; `text` is how it was written, or would be by kubectl."""

    text: str
    requirements: tuple[Requirement, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy all requirements."""
        return all(one.holds(labels) for one in self.requirements)


class _Expression(Model):
    key: str = Field(min_length=1)
    operator: Operator
    values: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _valued(self) -> _Expression:
        if (self.operator in ("In", "NotIn")) != bool(self.values):
            need = "needs" if not self.values else "takes no"
            raise PydanticCustomError("E105", f"the operator {self.operator} {need} `values`")
        return self


class _Written(Model):
    match_labels: dict[str, str] = Field(default_factory=dict)
    match_expressions: list[_Expression] = Field(default_factory=list)


def parse(text: str) -> LabelSelector:
    """kubectl's form; ValueError where it is not one."""
    if not text.strip():
        raise ValueError("an empty selector: write for example app=web")
    if text.rstrip().endswith(","):
        raise ValueError(f"{text!r} ends where a requirement should follow the comma")
    return LabelSelector(text.strip(), tuple(_parts(text)))


def _parts(text: str) -> Iterator[Requirement]:
    end = 0
    while end < len(text):
        part = _PART.match(text, end)
        if part is None:
            shown = text[end:].strip()
            raise ValueError(f"{shown!r} is not a requirement like app=web or tier in (a, b)")
        end = part.end()
        if part["none"]:
            yield Requirement(part["absent"], "DoesNotExist")
        elif part["sign"]:
            yield Requirement(
                part["key"], "NotIn" if part["sign"] == "!=" else "In", (part["value"],)
            )
        elif part["set"]:
            values = tuple(value.strip() for value in part["values"].split(","))
            yield Requirement(part["key"], "In" if part["set"] == "in" else "NotIn", values)
        else:
            yield Requirement(part["key"], "Exists")


def _said(one: Requirement) -> str:
    if one.operator in ("Exists", "DoesNotExist"):
        return one.key if one.operator == "Exists" else f"!{one.key}"
    if one.operator == "In" and len(one.values) == 1:
        return f"{one.key}={one.values[0]}"
    return f"{one.key} {one.operator.lower()} ({', '.join(one.values)})"


def _parsed(text: str) -> LabelSelector:
    try:
        return parse(text)
    except ValueError as error:
        raise PydanticCustomError("E105", "{text}", {"text": str(error)}) from None


def _selector(value: Any) -> Any:
    if isinstance(value, LabelSelector):
        return value
    if isinstance(value, str):
        return _parsed(value)
    written = _Written.model_validate(value)
    found = [Requirement(key, "In", (text,)) for key, text in written.match_labels.items()]
    found += [Requirement(e.key, e.operator, tuple(e.values)) for e in written.match_expressions]
    return LabelSelector(",".join(map(_said, found)), tuple(found))


_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1, "examples": ["app=web,tier in (front, back)"]},
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
                "matchExpressions": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "key": {"type": "string"},
                            "operator": {"enum": ["In", "NotIn", "Exists", "DoesNotExist"]},
                            "values": {"type": "array", "items": {"type": "string"}},
                        },
                        "required": ["key", "operator"],
                        "additionalProperties": False,
                    },
                },
            },
        },
    ]
}
Selector: TypeAlias = Annotated[
    LabelSelector,
    BeforeValidator(_selector),
    PlainSerializer(lambda found: found.text, return_type=str),
    WithJsonSchema(_SCHEMA),
]
SelectorText: TypeAlias = Annotated[str, AfterValidator(lambda text: _parsed(text).text)]
"""The text alone; `parse` takes it."""
