"""L3: many pod templates from one, for benchmarks of what depends on their number.

Law: template i has a label of its own and requests of its own, spread evenly over ±5 % around the
given ones; the given template is never changed. Same template, same count: same templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from simk8s import units

Template = Mapping[str, Any]
_SPREAD_PERCENT = 5


def derived(template: Template, count: int, label: str) -> list[Template]:
    """`count` templates: label `label: t-0`, `t-1`, … and slightly different cpu and memory."""
    return [_variant(template, index, count, label) for index in range(count)]


def _variant(template: Template, index: int, count: int, label: str) -> Template:
    meta = dict(template.get("metadata") or {})
    meta["labels"] = {**(meta.get("labels") or {}), label: f"t-{index}"}
    spec = dict(template.get("spec") or {})
    spec["containers"] = [_scaled(c, index, count) for c in spec.get("containers") or ()]
    return {**template, "metadata": meta, "spec": spec}


def _scaled(container: Template, index: int, count: int) -> Template:
    resources = dict(container.get("resources") or {})
    requests = dict(resources.get("requests") or {})
    limits: Mapping[str, Any] = resources.get("limits") or {}
    for name in ("cpu", "memory"):
        if name in requests and name not in limits:
            requests[name] = _near(name, requests[name], index, count)
    return {**container, "resources": {**resources, "requests": requests}}


def _near(name: str, quantity: str | int | float, index: int, count: int) -> str:
    base = _base(name, quantity)
    # −5 % for the first, just below +5 % for the last.
    amount = base + base * _SPREAD_PERCENT * (2 * index - count) // (100 * count)
    return f"{max(1, amount)}m" if name == "cpu" else str(max(1, amount))


@lru_cache
def _base(name: str, quantity: str | int | float) -> int:
    """Parsed once, not once a variant."""
    return units.cpu_milli(quantity) if name == "cpu" else units.memory_bytes(quantity)


def labelled(template: Template, name: str) -> tuple[Template, Mapping[str, str]]:
    """A controller's template and selector labels; a template without labels gets `app: name`."""
    meta: Mapping[str, Any] = template.get("metadata") or {}
    labels: Mapping[str, str] = meta.get("labels") or {"app": name}
    return {**template, "metadata": {**meta, "labels": dict(labels)}}, labels


def all_templates(template: Template, count: int | None, label: str) -> Sequence[Template]:
    """The template alone, or as many as are asked for."""
    return [template] if count is None else derived(template, count, label)
