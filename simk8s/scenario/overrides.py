"""L1: `--set path=value` and variants: changing a scenario's data before it is validated.

A path is keys and indices: `duration`, `nodes.0.count` (or `nodes[0].count`),
`workload.web.arrivals.poisson.rate`, `faults.zoneOutage.at`, `nodes.0.labels."a.b/c"`. In a list,
a name finds the entry that has this `name`, or this single key; `[+]` appends.
Law: a path may create keys in mappings (the schema
refuses unknown ones), never entries in the middle of a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from simk8s.catalog import suggest
from simk8s.errors import Place, Problem, UserError, raise_if_any
from simk8s.scenario.positions import Path, Positions
from simk8s.scenario.reading import read_value

Override = tuple[str, str]
APPEND = "[+]"
_STEP = re.compile(r'\.?(?:"([^"]*)"|\[(\d{1,9})\]|(\[\+\])|([^.\[\]"]+))')


class PathError(ValueError):
    """A path that leads nowhere."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def parse_setting(text: str) -> Override:
    """`path=value` split at the first `=` outside quotes."""
    match = re.match(r'((?:"[^"]*"|[^="])+)=(.*)\Z', text, re.DOTALL)
    if match is None:
        message = f"expected path=value, got {text!r}"
        raise UserError(Problem("E108", message, hint="for example --set nodes.0.count=50"))
    return match.group(1).strip(), match.group(2).strip()


def as_text(value: Any) -> str:
    """A variant's value (plain data) as the text that `apply` reads back alike."""
    return json.dumps(value, ensure_ascii=False)


def apply(
    data: Any,
    positions: Positions,
    overrides: Iterable[Override],
    where: Iterable[Place] | None = None,
) -> Any:
    """Change `data` in place, one override after the other; reports all bad paths at once.

    `where` says where each override was written, if that is not the command line.
    """
    problems: list[Problem] = []
    given = list(overrides)
    places = on_command_line(given) if where is None else where
    for (path_text, value_text), place in zip(given, places, strict=True):
        try:
            path = _assign(data, split(path_text), read_value(value_text))
        except ValueError as error:
            hint = getattr(error, "hint", None)
            problems.append(Problem("E108", str(error), place, hint))
        else:
            positions.overlay(path, place)
    raise_if_any(problems)
    return data


def on_command_line(overrides: Iterable[Override], option: str = "--set ") -> list[Place]:
    """Places of overrides: the option itself, since no line of a file is to blame."""
    return [
        Place(f"{option}{path}={value if len(value) <= 40 else value[:39] + '…'}", 0, 0)
        for path, value in overrides
    ]


def split(text: str) -> list[str | int]:
    """A path as its steps."""
    steps: list[str | int] = []
    end = 0
    for match in _STEP.finditer(text):
        if match.start() != end:
            break
        quoted, index, append, plain = match.groups()
        steps.append(int(index) if index is not None else quoted or append or plain or "")
        end = match.end()
    if end != len(text) or not steps:
        raise PathError(f"cannot read the path {text!r}", "write it like nodes.0.count")
    return steps


def _assign(data: Any, steps: list[str | int], value: Any) -> Path:
    if not isinstance(data, dict):
        raise PathError("the scenario is not a mapping")
    path: list[str | int] = []
    here: Any = data
    for number, step in enumerate(steps, start=1):
        places = _locate(here, step, path)
        path += places
        for place in places[:-1]:
            here = _descend(here, place)
        if number < len(steps):
            here = _descend(here, places[-1])
        else:
            _put(here, places[-1], value)
    return tuple(path)


def _locate(here: Any, step: str | int, path: list[str | int]) -> Path:
    """The keys and indices that one step stands for: two, where it names a `{kind: …}` entry."""
    if isinstance(here, dict):
        return (str(step),)
    if not isinstance(here, list):
        where = ".".join(map(str, path))
        raise PathError(f"{where} is not a mapping or a list, so it has no {step!r}")
    if step == APPEND:
        return (len(here),)
    if isinstance(step, int) or step.isdigit():
        if int(step) < len(here):
            return (int(step),)
        where = ".".join(map(str, path))
        raise PathError(f"{where} has {len(here)} entries, none with the index {step}")
    return _by_name(here, step, path)


def _by_name(entries: list[Any], name: str, path: list[str | int]) -> Path:
    named = [item for item in entries if isinstance(item, dict)]
    for index, item in enumerate(entries):
        if isinstance(item, dict) and item.get("name") == name:
            return (index,)
        if isinstance(item, dict) and list(item) == [name]:
            return (index, name)
    known = [str(item.get("name") or next(iter(item), "")) for item in named]
    near = suggest(name, known)
    where = ".".join(map(str, path))
    hint = f"did you mean {near!r}?" if near else f"entries: {', '.join(known) or 'none'}"
    raise PathError(f"{where} has no entry {name!r}", hint)


def _descend(here: Any, place: str | int) -> Any:
    if isinstance(here, list):
        if place == len(here):
            here.append({})
        return here[int(place)]
    if here.get(str(place)) is None:
        here[str(place)] = {}
    return here[str(place)]


def _put(here: Any, place: str | int, value: Any) -> None:
    if isinstance(here, list) and place == len(here):
        here.append(value)
    else:
        here[place] = value
