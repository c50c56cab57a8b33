"""L5: which nodes a verb is about: the keywords that all verbs about nodes take.

Law: type checkers and editors know every keyword (PEP 692); `help` and notebooks, which ask the
function itself, are shown each of them by `spelled_out`; any other is a TypeError, as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import Parameter, signature
from typing import Any, TypedDict, TypeVar, get_type_hints

Method = TypeVar("Method", bound=Callable[..., Any])


class Which(TypedDict, total=False):
    """Conditions that nodes must all meet, and how many of those are meant at most."""

    names: Iterable[str] | None
    selector: str | None
    zone: str | None
    group: str | None
    count: int | None


def spelled_out(method: Method) -> Method:
    """The method, whose signature has the keys of `Which` in place of `**which`."""
    found = signature(method)
    own = [p for p in found.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    keys = [
        Parameter(key, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for key, kind in get_type_hints(Which).items()
    ]
    method.__dict__["__signature__"] = found.replace(parameters=[*own, *keys])
    return method


def nodes_of(
    node: str | None = None,
    *,
    names: Iterable[str] | None = None,
    selector: str | None = None,
    zone: str | None = None,
    group: str | None = None,
    count: int | None = None,
) -> Any:
    """As a scenario has it: a text for one node, otherwise the conditions that were given."""
    listed = None if names is None else list(names)
    all_of = {"names": listed, "selector": selector, "zone": zone, "group": group, "count": count}
    found: dict[str, Any] = {key: value for key, value in all_of.items() if value is not None}
    if node is None or not found:
        return found if node is None else node
    return {"names": [node, *found.pop("names", [])], **found}
