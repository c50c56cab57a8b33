"""L1: pydantic's findings as problems with our codes, words and did-you-mean.

Law: one finding per place; the message names what was expected in a scenario's terms, never in
Python's. `finding` is also used for extension sections, so that nested models explain themselves
against their own keys.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from simk8s.catalog import suggest
from simk8s.errors import Problem
from simk8s.scenario.later import now
from simk8s.scenario.positions import Path, Positions, shown

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "nothing",
}
_BOUNDS = {
    "greater_than": ("gt", "must be above"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be below"),
    "less_than_equal": ("le", "must be at most"),
}


class Finding(NamedTuple):
    """What is wrong at one path; `at_key` blames the key and not its value."""

    code: str
    text: str
    hint: str | None = None
    at_key: bool = False


def problems_of(
    error: ValidationError, model: type[BaseModel], positions: Positions
) -> list[Problem]:
    """One problem for each place that pydantic complained about, in the file's order."""
    found: dict[Path, Problem] = {}
    for details in error.errors(include_url=False):
        path, item = details["loc"], finding(details, model)
        ready = details.get("ctx", {}).get("problem")
        if isinstance(ready, Problem) and ready.place is not None:
            found.setdefault(path, ready)
            continue
        deepest = path if item.code == "E102" else positions.deepest(path)
        place = positions.place(path, key=item.at_key)
        found.setdefault(deepest, Problem(item.code, item.text, place, item.hint))
    return sorted(found.values(), key=lambda p: (p.place is None, p.place, p.code))


def relocated(error: ValidationError, model: type[BaseModel], prefix: Path = ()) -> ValidationError:
    """The same error, explained against `model`, with its paths below `prefix`."""
    lines: list[InitErrorDetails] = []
    for details in error.errors(include_url=False):
        item = finding(details, model)
        context: dict[str, Any] = {**details.get("ctx", {}), **item._asdict()}
        lines.append(
            InitErrorDetails(
                type=PydanticCustomError("explained", "{text}", context),
                loc=(*prefix, *details["loc"]),
                input=details["input"],
            )
        )
    return ValidationError.from_exception_data(error.title, lines)


def finding(details: ErrorDetails, model: type[BaseModel]) -> Finding:
    """One line of a ValidationError in our words."""
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == "explained":
        return Finding(context["code"], context["text"], context["hint"], context["at_key"])
    if kind[:1] in "EW" and kind[1:].isdigit():
        at_key = bool(context.get("at_key", False))
        return Finding(kind, details["msg"], context.get("hint"), at_key)
    if kind == "extra_forbidden":
        return _unknown_key(details["loc"], model)
    if kind == "missing":
        return Finding("E102", f"`{shown(details['loc'][-1:])}` is missing{_in(details['loc'])}")
    if kind in _KINDS:
        return _wrong_kind(_KINDS[kind], value)
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return Finding("E105", f"{words} {context[key]}, got {_brief(value)}")
    return _otherwise(kind, details["msg"], context, value)


def _otherwise(kind: str, message: str, context: dict[str, Any], value: Any) -> Finding:
    if kind in ("literal_error", "enum"):
        expected = str(context["expected"])
        near = suggest(str(value), [w.strip("'") for w in expected.replace(" or", ",").split(", ")])
        hint = f"did you mean {near!r}?" if near else None
        return Finding("E106", f"expected {expected}, got {_brief(value)}", hint)
    if kind == "string_pattern_mismatch":
        return Finding("E105", f"{_brief(value)} does not match {context['pattern']}")
    if kind == "too_short":
        return Finding("E105", f"needs at least {context['min_length']} entries")
    text = message.removeprefix("Value error, ")
    return Finding("E105", text[:1].lower() + text[1:])


def _wrong_kind(expected: str, value: Any) -> Finding:
    hint = None
    if expected == "text" and isinstance(value, (int, float)):
        hint = "write it in quotes"
    return Finding("E103", f"expected {expected}, got {_brief(value)}", hint)


def _unknown_key(path: Path, model: type[BaseModel]) -> Finding:
    name = str(path[-1])
    known = sorted(set(known_keys(model, path[:-1])))
    near = suggest(name, known)
    listed = f"known here: {', '.join(known)}" if known else "no keys are known here"
    hint = f"did you mean {near!r}?" if near else listed
    return Finding("E101", f"unknown key {name!r}{_in(path)}", hint, at_key=True)


def _in(path: Path) -> str:
    return f" in {shown(path[:-1])}" if len(path) > 1 else ""


def _brief(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def known_keys(model: type[BaseModel], path: Path) -> Iterator[str]:
    """The keys that a model takes at a path, as they are written."""
    for leaf in _leaves_at(model, path):
        if isinstance(leaf, type) and issubclass(leaf, BaseModel):
            for name, info in leaf.model_fields.items():
                yield info.alias or name


def _leaves_at(model: type[BaseModel], path: Path) -> list[Any]:
    current: list[Any] = [model]
    for step in path:
        deeper = [leaf for node in current for leaf in _children(node, step)]
        # A step of a validator's own (a union's branch) leads nowhere: stay.
        current = deeper or current
    return current


def _children(node: Any, step: str | int) -> Iterator[Any]:
    if isinstance(node, type) and issubclass(node, BaseModel):
        for name, info in node.model_fields.items():
            if step in (name, info.alias):
                yield from _leaves(info.annotation)
        return
    arguments = get_args(node)
    if get_origin(node) is dict and arguments:
        yield from _leaves(arguments[1])
    elif get_origin(node) in (list, tuple) and arguments and isinstance(step, int):
        yield from _leaves(arguments[0])


def _leaves(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _leaves(part)
    elif (found := now(annotation)) is not annotation:
        yield from _leaves(found)
    else:
        yield annotation
