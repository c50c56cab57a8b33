"""L1: what a comparison compares: a name and the overrides that make it.

Law: a variant's name is a folder's name; two of one name are an error. A strategy alone is
shorthand, and keeps the parameters that the scenario gives this strategy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from simk8s.errors import Place, Problem, UserError
from simk8s.scenario.load import Loaded
from simk8s.scenario.overrides import Override, as_text, on_command_line, parse_setting
from simk8s.scenario.schema import VARIANT_NAME


@dataclass(frozen=True, slots=True)
class Variant:
    """One column of a comparison."""

    name: str
    overrides: tuple[Override, ...]
    places: tuple[Place, ...] | None = field(default=None, compare=False)
    """Where each was written, if that is known."""

    def of(self, loaded: Loaded) -> Loaded:
        """The scenario that it makes; `UserError` if it makes none."""
        return loaded.vary(self.overrides, self.places)


def of_scenario(loaded: Loaded) -> list[Variant]:
    """The variants that the scenario itself names."""
    return [_named(loaded, name) for name in loaded.scenario.variants]


def _named(loaded: Loaded, name: str) -> Variant:
    return Variant(name, tuple(loaded.variant(name)), tuple(loaded.places_of(name)))


def of_strategies(loaded: Loaded, names: Iterable[str]) -> list[Variant]:
    """One variant for each strategy's name."""
    return [Variant(_short(name), _strategy(loaded, name)) for name in names if name]


def _strategy(loaded: Loaded, name: str) -> tuple[Override, ...]:
    if name == loaded.scenario.strategy.name:
        return ()
    return (("strategy", as_text(name)),)


def _short(name: str) -> str:
    """`mine/packer.py:Tight` -> `Tight`, `mine/packer.py` -> `packer`."""
    path, _, chosen = name.partition(".py:")
    return chosen or PurePosixPath(path).name.removesuffix(".py")


def parse_variant(loaded: Loaded, text: str) -> Variant:
    """`name: path=value, path=value`, or the name of a variant of the scenario."""
    name, colon, settings = text.partition(":")
    name = name.strip()
    if not colon:
        return _named(loaded, name)
    overrides = tuple(parse_setting(part) for part in split_settings(settings))
    return Variant(name, overrides, tuple(on_command_line(overrides, f"--variant {name}: ")))


def split_settings(text: str) -> Iterator[str]:
    """Split at commas outside of quotes and brackets."""
    depth, start, quote = 0, 0, ""
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "[{(":
            depth += 1
        elif char in "]})":
            depth -= 1
        elif char == "," and depth <= 0:
            yield from _part(text[start:index])
            start = index + 1
    yield from _part(text[start:])


def _part(text: str) -> Iterator[str]:
    if text.strip():
        yield text.strip()


def checked(variants: Iterable[Variant]) -> list[Variant]:
    """The variants, if their names can be folders and differ."""
    found = list(variants)
    problems = []
    for index, variant in enumerate(found):
        if not re.match(VARIANT_NAME, variant.name):
            hint = "letters, digits, dots, dashes and underscores, starting with a letter or digit"
            text = f"{variant.name!r} cannot be a variant's name"
            problems.append(Problem("E105", text, hint=hint))
        if variant.name.lower() in (other.name.lower() for other in found[:index]):
            problems.append(Problem("E304", f"the variant {variant.name!r} is named twice"))
    if problems:
        raise UserError(*problems)
    return found
