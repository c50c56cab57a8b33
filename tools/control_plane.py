"""The table of all `controlPlane` fields in docs/control-plane.md, from the models themselves.

`python -m tools.control_plane` writes it between the page's two markers; a test checks that it is
current. Every field of `scenario/control/` is a row: its default in profile `small`, what the
other profiles have instead, and the comment above it in the source.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from simk8s.scenario.control.plane import ControlPlane
from simk8s.scenario.control.profiles import DEFAULT, PROFILES

PAGE = Path(__file__).parents[1] / "docs" / "control-plane.md"
BEGIN = "<!-- fields: python -m tools.control_plane -->"
END = "<!-- end of fields -->"
_PAIR = {"p50", "p99"}
_UNITS = (("Gi", 1 << 30), ("G", 10**9), ("Mi", 1 << 20), ("M", 10**6), ("Ki", 1 << 10))

Rows = dict[str, tuple[str, str]]
"""Path -> (value, meaning), in the order of the models."""


def fields(profile: str) -> Rows:
    """Every field of a profile, nested ones by their path."""
    plane = ControlPlane.model_validate({"profile": profile})
    return dict(_fields(plane, ""))


def _fields(model: BaseModel, prefix: str) -> Iterator[tuple[str, tuple[str, str]]]:
    dumped = model.model_dump(mode="json", by_alias=True)
    told = comments(type(model))
    for name, info in type(model).model_fields.items():
        alias, value = info.alias or name, getattr(model, name)
        path, meaning = f"{prefix}{alias}", told.get(name, "")
        if path == "profile":
            continue
        if isinstance(value, BaseModel) and set(type(value).model_fields) != _PAIR:
            yield path, ("", meaning or _first_sentence(type(value)))
            yield from _fields(value, f"{path}.")
        else:
            of_bytes = isinstance(value, int) and isinstance(dumped[alias], str)
            written = dumped[alias]
            if of_bytes and written.isdigit():
                written = quantity(value)
            yield path, (shown(written), meaning)


def shown(value: Any) -> str:
    """A value as one would write it; a pair of percentiles as one."""
    if isinstance(value, dict) and set(value) == _PAIR:
        return (
            f"{value['p50']}, p99 {value['p99']}" if value["p50"] != value["p99"] else value["p50"]
        )
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items()) or "{}"
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "[]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def quantity(number: int) -> str:
    """Bytes in the largest unit that leaves no fraction: `2Gi`, `25M`."""
    for unit, size in _UNITS:
        if number and number % size == 0:
            return f"{number // size}{unit}"
    return str(number)


def comments(model: type[BaseModel]) -> dict[str, str]:
    """The comment lines directly above each field."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in inspect.getsource(model).splitlines():
        text = line.strip()
        field = re.match(r"(\w+): ", text)
        if text.startswith("# ") and not text.startswith("# ---"):
            above.append(text.removeprefix("# "))
            continue
        if field and field.group(1) in model.model_fields and above:
            found.setdefault(field.group(1), " ".join(above))
        above = []
    return found


def _first_sentence(model: type[BaseModel]) -> str:
    text = " ".join((inspect.getdoc(model) or "").split())
    return re.split(r"(?<=\.) ", text)[0]


def merged(rows: dict[str, Rows]) -> list[str]:
    """All paths; what only some profiles have comes after what precedes it there."""
    order: list[str] = list(rows[DEFAULT])
    for found in rows.values():
        before = -1
        for path in found:
            if path not in order:
                order.insert(before + 1, path)
            before = order.index(path)
    return order


def markdown() -> str:
    """The table."""
    rows = {profile: fields(profile) for profile in profiles()}
    others = [profile for profile in rows if profile != DEFAULT]
    lines = [
        "| field | " + " | ".join((DEFAULT, *others)) + " | meaning |",
        "|---" * (len(rows) + 2) + "|",
    ]
    for path in merged(rows):
        base = rows[DEFAULT].get(path, ("–", ""))
        told = next((r[path][1] for r in rows.values() if path in r and r[path][1]), "")
        cells = [
            base[0],
            *(_other(rows[profile].get(path, ("–", ""))[0], base[0]) for profile in others),
        ]
        lines.append(f"| `{path}` | " + " | ".join(map(_cell, [*cells, told])) + " |")
    return "\n".join(lines)


def profiles() -> list[str]:
    """Those that a scenario may name, the default first."""
    names = get_args(ControlPlane.model_fields["profile"].annotation) or tuple(PROFILES)
    return sorted(names, key=lambda name: name != DEFAULT)


def _other(value: str, base: str) -> str:
    return "" if value == base else value or "set"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("UNVERIFIED", "**UNVERIFIED**")


def page() -> str:
    """The page with a current table."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{markdown()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
