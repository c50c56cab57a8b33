"""L1: rules over faults: whom they name must be there, and what they do must be able to happen.

Law: faults are known by conventions alone: `deployment` is a Deployment (`namespace/name`, or a
name in `default`); `wants_usage` says that it does more where the scenario says what pods use.
Whether a Deployment is still there when the fault happens is known only in the run, and told there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import BaseModel

from simk8s.catalog import suggest
from simk8s.errors import Problem
from simk8s.scenario.annotations import PREFIX, USAGE
from simk8s.scenario.positions import Path as KeyPath
from simk8s.scenario.templates import static_paths, template_paths

if TYPE_CHECKING:
    from simk8s.scenario.lint import Context


def rules(context: Context, faults: list[tuple[KeyPath, BaseModel]]) -> Iterator[Problem]:
    """Every rule over every fault."""
    for path, params in faults:
        name = getattr(params, "deployment", None)
        if isinstance(name, str):
            yield from _deployment(context, (*path, "deployment"), name)
        if getattr(params, "wants_usage", False) and not _says_usage(context):
            kind = str(path[-1])
            text = f"{kind} evicts nobody: the scenario does not say what pods use"
            hint = "describe it with `usage` in `behaviour` (docs/usage.md)"
            yield context.problem("W141", text, path, hint, key=True)


def _deployment(context: Context, path: KeyPath, name: str) -> Iterator[Problem]:
    if any(".py" in one.name for one in context.scenario.controllers.values()):
        return  # somebody's own controller may make it
    key = name if "/" in name else f"default/{name}"
    known = list(dict.fromkeys(_deployments(context)))
    if key in known:
        return
    bare = {one.partition("/")[2]: one for one in reversed(known)}
    near = bare.get(suggest(key.partition("/")[2], list(bare)) or "")
    listed = ", ".join(one.removeprefix("default/") for one in known) or "none"
    shown = near.removeprefix("default/") if near else None
    hint = f"did you mean {shown!r}?" if shown else f"Deployments of this scenario: {listed}"
    yield context.problem("E352", f"nothing in the scenario makes a Deployment {key!r}", path, hint)


def _deployments(context: Context) -> Iterator[str]:
    """Keys of all that somebody writes."""
    for index, entry in enumerate(context.scenario.workload):
        if entry.deployment is not None:
            yield f"{entry.namespace}/{entry.name}"
        for item in context.manifests.get(index, ()):
            if item.kind == "Deployment":
                yield f"{item.namespace or entry.namespace}/{item.name}"
    for index, objects in context.applied.items():
        for item in objects:
            if item.kind == "Deployment":
                default = context.scenario.timeline[index].namespace
                yield f"{item.namespace or default}/{item.name}"


def _says_usage(context: Context) -> bool:
    """Whether anything says what pods use."""
    if any(rule.usage is not None for rule in context.scenario.behaviour):
        return True
    templates = [t for _, t in (*template_paths(context.data), *static_paths(context.data))]
    templates += [one.template for held in context.manifests.values() for one in held]
    wanted = {PREFIX + name for name in USAGE}
    return any(
        wanted & ((t.get("metadata") or {}).get("annotations") or {}).keys() for t in templates
    )
