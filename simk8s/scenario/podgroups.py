"""L1: PodGroups and Workloads as a user writes them, and what is to be said about them.

Law: a PodGroup has a policy of its own, or names the template of a Workload that has it; what
Kubernetes knows of groups and simk8s does not simulate is a warning.
Mirrors: scheduling.k8s.io/v1alpha2 PodGroup and Workload, v1.36. Departs: a policy left out of a
PodGroup is taken from its Workload's template, where the API wants it copied; no controller makes
PodGroups from a Workload (WorkloadWithJob).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from simk8s.catalog import suggest
from simk8s.errors import Problem
from simk8s.scenario.explain import problems_of
from simk8s.scenario.podspec import Kubernetes
from simk8s.scenario.positions import Path, Positions
from simk8s.scenario.templates import template_paths

if TYPE_CHECKING:
    from simk8s.scenario.found import ManifestObject
    from simk8s.scenario.lint import Context

API_VERSION = "scheduling.k8s.io/v1alpha2"
POD_GROUP, WORKLOAD = "PodGroup", "Workload"
KINDS = (POD_GROUP, WORKLOAD)
_NOT_SIMULATED = (
    "schedulingConstraints",
    "resourceClaims",
    "disruptionMode",
    "priorityClassName",
    "priority",
)
_HINT = "strategy: {name: kube_scheduler, featureGates: {GangScheduling: true}}"


class Gang(Kubernetes):
    """All or nothing: at least so many pods at once."""

    min_count: Annotated[int, Field(ge=1)]


class Policy(Kubernetes):
    """`gang` or `basic`."""

    basic: dict[str, Any] | None = None
    gang: Gang | None = None

    @model_validator(mode="after")
    def _one(self) -> Policy:
        if (self.basic is None) == (self.gang is None):
            raise PydanticCustomError("E107", "expected exactly one of basic, gang")
        return self


class InWorkload(Kubernetes):
    """Which template of which Workload."""

    workload_name: str
    pod_group_template_name: str


class TemplateRef(Kubernetes):
    """Where a PodGroup comes from."""

    workload: InWorkload


class _Group(Kubernetes):
    scheduling_constraints: dict[str, Any] | None = None
    resource_claims: list[Any] | None = None
    disruption_mode: Any = None
    priority_class_name: str | None = None
    priority: int | None = None


class GroupTemplate(_Group):
    """One kind of PodGroup that a Workload has."""

    name: str
    scheduling_policy: Policy


class GroupSpec(_Group):
    """`spec` of a PodGroup."""

    scheduling_policy: Policy | None = None
    pod_group_template_ref: TemplateRef | None = None

    @model_validator(mode="after")
    def _some_policy(self) -> GroupSpec:
        if self.scheduling_policy is None and self.pod_group_template_ref is None:
            raise PydanticCustomError("E102", "`schedulingPolicy` is missing")
        return self


class WorkloadSpec(Kubernetes):
    """`spec` of a Workload."""

    controller_ref: dict[str, Any] | None = None
    pod_group_templates: Annotated[list[GroupTemplate], Field(min_length=1, max_length=8)]


_MODELS: dict[str, type[BaseModel]] = {POD_GROUP: GroupSpec, WORKLOAD: WorkloadSpec}


def is_group(data: Mapping[str, Any]) -> bool:
    """Whether an object is one of these kinds, of the version that is simulated."""
    return data.get("kind") in KINDS and data.get("apiVersion") == API_VERSION


def check_spec(kind: str, spec: Any, path: Path, positions: Positions) -> Iterator[Problem]:
    """Errors in the `spec` of a PodGroup or Workload, and fields without effect."""
    model = _MODELS[kind]
    try:
        model.model_validate(spec)
    except ValidationError as error:
        yield from problems_of(error, model, positions.below(path))
        return
    parts: list[tuple[Path, Mapping[str, Any]]] = [(path, spec)]
    for index, template in enumerate(spec.get("podGroupTemplates") or ()):
        parts.append(((*path, "podGroupTemplates", index), template))
    for where, part in parts:
        for field in _NOT_SIMULATED:
            if part.get(field) is not None:
                place = positions.place((*where, field), key=True)
                text = f"{field} of a {POD_GROUP} is not simulated and has no effect"
                yield Problem("W105", text, place, severity="warning")


def with_policy(
    spec: Mapping[str, Any], namespace: str, workloads: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The spec of a PodGroup with its policy, from its Workload if need be; None if that is not
    there. `workloads`: specs by (namespace, name).
    """
    if spec.get("schedulingPolicy") is not None:
        return spec
    named = spec["podGroupTemplateRef"]["workload"]
    workload = workloads.get((namespace, named["workloadName"]))
    for template in (workload or {}).get("podGroupTemplates") or ():
        if template["name"] == named["podGroupTemplateName"]:
            return {**spec, "schedulingPolicy": template["schedulingPolicy"]}
    return None


def workloads_of(
    objects: Sequence[tuple[str, ManifestObject]],
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Specs of Workloads by (namespace, name); `objects` come with their entry's namespace."""
    return {(o.namespace or own, o.name): o.spec for own, o in objects if o.kind == WORKLOAD}


# --- the rule


def pod_groups(context: Context) -> Iterator[Problem]:
    """Groups that lack a policy, pods that lack a group, and all of it while the gate is off."""
    entries = context.scenario.workload
    objects = [
        (entries[index].namespace, item)
        for index, items in context.manifests.items()
        for item in items
    ]
    gates = getattr(context.scenario.strategy.params, "feature_gates", None)
    on = bool(getattr(gates, "gang_scheduling", False))
    workloads = workloads_of(objects)
    groups: dict[tuple[str, str], None] = {}
    for own, item in objects:
        if item.kind == POD_GROUP:
            groups[item.namespace or own, item.name] = None
            if with_policy(item.spec, item.namespace or own, workloads) is None:
                text = f"PodGroup {item.name!r} names a template that no Workload has"
                yield Problem("E105", text, item.place, "give it a schedulingPolicy of its own")
    for namespace, template, path, positions in _templates(context, objects):
        name = ((template.get("spec") or {}).get("schedulingGroup") or {}).get("podGroupName")
        if not name:
            continue
        place = positions.place((*path, "spec", "schedulingGroup"), key=True)
        if not on:
            text = "schedulingGroup has no effect while the feature gate GangScheduling is off"
            yield Problem("W105", text, place, _HINT, "warning")
        elif (namespace, name) not in groups:
            near = suggest(name, [group for own, group in groups if own == namespace])
            hint = f"did you mean {near!r}?" if near else "its pods wait until it is created"
            text = f"no manifest has a PodGroup {name!r} in namespace {namespace!r}"
            yield Problem("W109", text, place, hint, "warning")


def _templates(
    context: Context, objects: Sequence[tuple[str, ManifestObject]]
) -> Iterator[tuple[str, Mapping[str, Any], Path, Positions]]:
    """(namespace, pod template, its path, positions of its file)."""
    for path, template in template_paths(context.data):
        entry = context.scenario.workload[int(path[1])]
        yield entry.namespace, template, path, context.positions
    for own, item in objects:
        yield item.namespace or own, item.template, item.template_path, item.positions
