"""L1: plain data as YAML that `reading` reads back alike.

Law: text that either YAML 1.1 or 1.2 would take for something else is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from simk8s.scenario.reading import RESOLVERS


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.2 reads as a number, on top of what YAML 1.1 does."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _tag, _pattern, _ in RESOLVERS:
    _Dumper.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), None)


def _float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_Dumper.add_representer(float, _float)


def dump(data: Any) -> str:
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96)
    return text


def as_yaml(data: Any, source: Path, overrides: Iterable[tuple[str, str]]) -> str:
    """Changed data as a file, with a comment that says what was changed."""
    lines = [f"# {source.name} with"]
    lines += [f"#   {path} = {' '.join(value.split())}" for path, value in overrides]
    return "\n".join(lines) + "\n" + dump(data)
