"""ResourceQuotas: what is allowed, what admission has charged, what really is in use.

Two numbers a name. `used` is the quota's status: admission raises it at once, and only the
resourcequota controller lowers it (`settle`). `actual` is counted as pods and objects come and
go. A quota whose status nobody has written yet admits nothing.

Law: actual ≤ used, and used ≤ hard unless hard came to be smaller than what was in use already;
`actual` equals a recount from scratch (audit: quota_usage_is_exact).

Mirrors: apiserver/pkg/admission/plugin/resourcequota CheckRequest and pkg/controller/resourcequota,
v1.36: several quotas all have to agree; an ended pod counts under `count/pods` alone, one that
outlives its grace after its deletionTimestamp likewise, from the next resync on (UNVERIFIED: from
memory of the evaluator). Departs: no limitedResources configuration; `requests.storage` and other
kinds that are not simulated stay 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simk8s.state.pods import GONE, PENDING, RUNNING, UNBORN
from simk8s.state.requests import Requests
from simk8s.state.selectors import Requirement
from simk8s.state.shapes import PodTemplate
from simk8s.state.usage import (
    COUNT_PODS,
    Amounts,
    best_effort,
    crosses_namespaces,
    drawn,
    missing,
    quantities,
    shown,
    usage,
    written,
)

if TYPE_CHECKING:
    from simk8s.state.cluster import Cluster

__all__ = ("Quota", "QuotaBook", "quantities")

Raw = Mapping[str, Any]
Charge = tuple["Quota", tuple[tuple[str, int], ...]]
"""A quota, and what a pod counts for under its names."""

PRIORITY_CLASS = "PriorityClass"
GROUPS = {
    "replicasets": ".apps", "deployments": ".apps", "statefulsets": ".apps", "daemonsets": ".apps",
    "jobs": ".batch", "cronjobs": ".batch", "poddisruptionbudgets": ".policy",
}  # fmt: skip
BARE = ("services", "resourcequotas", "configmaps", "secrets", "replicationcontrollers")
"""Kinds that may also be counted without `count/`."""
CHARGES_KEPT = 1 << 16


def count_names(kind: str) -> tuple[str, ...]:
    """Names under which objects of a kind (`jobs`) are counted."""
    name = f"count/{kind}{GROUPS.get(kind, '')}"
    return (name, kind) if kind in BARE else (name,)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a namespace may use; `scopes` narrow down which pods count."""

    namespace: str
    name: str
    hard: Mapping[str, int]
    scopes: tuple[Requirement, ...] = ()

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, raw: Raw, namespace: str, name: str) -> Quota:
        """From a Kubernetes object."""
        spec: Raw = raw.get("spec") or {}
        scopes = [Requirement(str(scope), "Exists", ()) for scope in spec.get("scopes") or ()]
        for one in (spec.get("scopeSelector") or {}).get("matchExpressions") or ():
            values = tuple(str(v) for v in one.get("values") or ())
            scopes.append(Requirement(str(one["scopeName"]), str(one["operator"]), values))
        return cls(namespace, name, quantities(spec.get("hard")), tuple(scopes))

    def matches(self, template: PodTemplate, requests: Requests) -> bool:
        """Whether a pod is in all of the scopes."""
        return all(_in_scope(scope, template, requests) for scope in self.scopes)


def _in_scope(scope: Requirement, template: PodTemplate, requests: Requests) -> bool:
    spec = template.spec
    match scope.key:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return best_effort(template, requests)
        case "NotBestEffort":
            return not best_effort(template, requests)
        case "CrossNamespacePodAffinity":
            return crosses_namespaces(spec)
        case "PriorityClass":
            name = str(spec.get("priorityClassName") or "")
            return scope.matches({PRIORITY_CLASS: name} if name else {})
    return False


class QuotaBook:
    """All quotas of a cluster and their counts."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.quotas: dict[str, Quota] = {}
        self.used: dict[str, Amounts | None] = {}
        """By key: status.used; None = nobody has counted yet."""
        self.actual: dict[str, Amounts] = {}
        self.floor: dict[str, Amounts] = {}
        """By key: what was in use when the quota came to be, which may be above its hard."""
        self.forgiven: dict[int, None] = {}
        """Pods that overstayed their deletion and count under `count/pods` alone."""
        self.objects: dict[tuple[str, str], int] = {}
        """(kind, namespace) -> objects of the small kinds."""
        self._by_namespace: dict[str, list[Quota]] = {}
        self._charges: dict[tuple[int, int], tuple[Charge, ...]] = {}
        self._written: dict[int, tuple[Amounts, Amounts]] = {}

    # --- quotas

    def put(self, quota: Quota, *, known: bool = False) -> None:
        """Create or replace a quota; `known`: its status is counted at once."""
        replaced = self.quotas.get(quota.key)
        self.quotas[quota.key] = quota
        self._regroup()
        self.actual[quota.key] = self.recount(quota)
        self.floor[quota.key] = dict(self.actual[quota.key])
        self.used[quota.key] = None
        if known or replaced is not None:
            self.settle(quota.key)

    def remove(self, key: str) -> None:
        """The quota is gone."""
        for kept in (self.quotas, self.used, self.actual, self.floor):
            kept.pop(key, None)
        self._regroup()

    def _regroup(self) -> None:
        self._charges.clear()
        self._by_namespace = {}
        for key in sorted(self.quotas):
            quota = self.quotas[key]
            self._by_namespace.setdefault(quota.namespace, []).append(quota)

    def of(self, namespace: str) -> list[Quota]:
        """A namespace's quotas, by name."""
        return self._by_namespace.get(namespace, [])

    def settled(self, key: str) -> bool:
        """Whether the status says what is in use."""
        return self.used.get(key) == self.actual.get(key)

    def settle(self, key: str) -> bool:
        """PUT of the status: what is in use; False if there is no such quota."""
        if key not in self.quotas:
            return False
        self.used[key] = dict(self.actual[key])
        return True

    # --- pods

    def charges(self, template: PodTemplate, requests: Requests) -> tuple[Charge, ...]:
        """What a pod counts for, quota by quota."""
        key = (template.id, requests.id)
        known = self._charges.get(key)
        if known is None:
            if len(self._charges) >= CHARGES_KEPT:
                self._charges.clear()
            known = self._charges[key] = self._weigh(template, requests)
        return known

    def _weigh(self, template: PodTemplate, requests: Requests) -> tuple[Charge, ...]:
        quotas = self.of(template.namespace)
        if not quotas:
            return ()
        known = self._written.get(template.id)
        if known is None:
            known = self._written[template.id] = written(template)
        counted = usage(template, requests, self._cluster.resources, known)
        amounts = {COUNT_PODS: 1, **counted}
        found: list[Charge] = []
        for quota in quotas:
            if quota.matches(template, requests):
                mine = tuple((n, amounts[n]) for n in quota.hard if amounts.get(n))
                if mine:
                    found.append((quota, mine))
        return tuple(found)

    def unspecified(self, template: PodTemplate, requests: Requests) -> tuple[str, str] | None:
        """(quota, what its containers have to name and do not), if there is such a quota."""
        extra = drawn(template.requests, requests, self._cluster.resources)
        for quota in self.of(template.namespace):
            if quota.matches(template, requests):
                words = missing(template.spec, quota.hard, extra)
                if words:
                    return quota.name, words
        return None

    def refusal(self, charges: tuple[Charge, ...]) -> str:
        """Why a pod or object with these charges is refused; empty if it is not."""
        for quota, amounts in charges:
            used = self.used[quota.key]
            if used is None:
                names = ",".join(sorted(name for name, _ in amounts))
                return f"status unknown for quota: {quota.name}, resources: {names}"
            over = sorted(n for n, more in amounts if used.get(n, 0) + more > quota.hard[n])
            if over:
                more = dict(amounts)
                return (
                    f"exceeded quota: {quota.name}, requested: {_list(over, more)}, "
                    f"used: {_list(over, used)}, limited: {_list(over, quota.hard)}"
                )
        return ""

    def charge(self, charges: tuple[Charge, ...]) -> None:
        """Count what has been admitted."""
        for quota, amounts in charges:
            used, actual = self.used[quota.key], self.actual[quota.key]
            for name, more in amounts:
                actual[name] += more
                if used is not None:
                    used[name] += more

    def left(self, pod: int, *, counted: bool, gone: bool) -> None:
        """A pod has ended (`counted`: it had not before) or its object is `gone`."""
        pods = self._cluster.pods
        if self.forgiven.pop(pod, pod) is None:
            counted = False
        template = self._cluster.templates.items[pods.template[pod]]
        requests = self._cluster.requests.items[pods.requests[pod]]
        self._uncount(self.charges(template, requests), counted, gone)

    def forgive(self, pod: int) -> None:
        """A pod that overstays its deletion: its resources are free for others."""
        pods = self._cluster.pods
        if pod not in self.forgiven and pods.phase[pod] in (PENDING, RUNNING):
            template = self._cluster.templates.items[pods.template[pod]]
            requests = self._cluster.requests.items[pods.requests[pod]]
            self._uncount(self.charges(template, requests), True, False)
            self.forgiven[pod] = None

    def _uncount(self, charges: tuple[Charge, ...], counted: bool, gone: bool) -> None:
        for quota, amounts in charges:
            actual = self.actual[quota.key]
            for name, amount in amounts:
                if gone if name == COUNT_PODS else counted:
                    actual[name] -= amount

    # --- other objects

    def object_charges(self, kind: str, namespace: str) -> tuple[Charge, ...]:
        """What one object of a small kind counts for."""
        quotas = self._by_namespace.get(namespace)
        if not quotas:
            return ()
        found: list[Charge] = []
        for quota in quotas:
            if not quota.scopes:
                mine = tuple((name, 1) for name in count_names(kind) if name in quota.hard)
                if mine:
                    found.append((quota, mine))
        return tuple(found)

    def note_object(self, kind: str, namespace: str, change: int) -> None:
        """An object came to be (+1, charged by admission) or is gone (−1)."""
        self.objects[kind, namespace] = self.objects.get((kind, namespace), 0) + change
        if change < 0:
            for quota, amounts in self.object_charges(kind, namespace):
                for name, amount in amounts:
                    self.actual[quota.key][name] -= amount

    # --- from scratch

    def recount(self, quota: Quota) -> Amounts:
        """What is in use under a quota, counted from pods and objects alone."""
        found = dict.fromkeys(quota.hard, 0)
        cluster = self._cluster
        pods, templates, requests = cluster.pods, cluster.templates.items, cluster.requests.items
        for pod, phase in enumerate(pods.phase):
            if phase in (UNBORN, GONE):
                continue
            template = templates[pods.template[pod]]
            if template.namespace != quota.namespace:
                continue
            live = phase in (PENDING, RUNNING) and pod not in self.forgiven
            for other, amounts in self.charges(template, requests[pods.requests[pod]]):
                if other is quota:
                    for name, amount in amounts:
                        if live or name == COUNT_PODS:
                            found[name] += amount
        if not quota.scopes:
            for (kind, namespace), count in self.objects.items():
                for name in count_names(kind) if namespace == quota.namespace else ():
                    if name in found:
                        found[name] += count
        return found

    def flaws(self) -> list[str]:
        """Where the counts break the law."""
        found: list[str] = []
        for key, quota in self.quotas.items():
            actual, used, floor = self.actual[key], self.used[key], self.floor[key]
            recount = self.recount(quota)
            if actual != recount:
                found.append(f"{key}: in use {actual}, recounted {recount}")
            for name, amount in (used or {}).items():
                if amount < actual[name]:
                    found.append(f"{key}: {name} used {amount}, in use {actual[name]}")
                if amount > max(quota.hard[name], floor[name]):
                    found.append(f"{key}: {name} used {amount}, hard {quota.hard[name]}")
        return found


def _list(names: list[str], amounts: Mapping[str, int]) -> str:
    return ",".join(f"{name}={shown(name, amounts.get(name, 0))}" for name in names)
