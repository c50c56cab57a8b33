"""The admission chain: every plugin in Kubernetes' order, verdicts kept by template.

Pods share templates, and what plugins say depends on a template (with what was drawn for the pod)
and on the objects that are declared, so a verdict is reached once for each and kept until one of
those objects changes. Quotas alone are charged pod by pod.

Law: an admitted pod's template is what the plugins made of it; a refused create changes nothing,
so a later try starts from the pod as it was written.

Mirrors: the default-on chain of pkg/kubeapiserver/options/plugins.go v1.36, mutating phase, then
validating phase. Departs: TaintNodesByCondition and PodSecurity (nodes and security contexts are
not admitted here), the storage and certificate plugins, and policies and webhooks are left out.
PodTopologyLabels copies node labels to bound pods; templates are shared and nothing reads such
labels of a pod, so they are not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from simk8s.api.admission.base import Plugin, Raw, Review
from simk8s.api.admission.default_toleration_seconds import DefaultTolerationSeconds
from simk8s.api.admission.limit_ranger import LimitRanger
from simk8s.api.admission.namespace_lifecycle import NamespaceLifecycle
from simk8s.api.admission.priority import Priority
from simk8s.api.admission.resource_quota import ResourceQuota
from simk8s.api.admission.runtime_class import RuntimeClass
from simk8s.api.admission.service_account import ServiceAccount
from simk8s.api.refused import Refused
from simk8s.api.requests import RequestKind, kind
from simk8s.kernel.clock import Clock
from simk8s.state.cluster import Cluster
from simk8s.state.quota import Charge
from simk8s.state.requests import Requests, drawn_requests
from simk8s.state.shapes import PodTemplate
from simk8s.state.usage import drawn, quantities, requests_of

ORDER: tuple[type[Plugin], ...] = (
    NamespaceLifecycle,
    LimitRanger,
    ServiceAccount,
    Priority,
    DefaultTolerationSeconds,
    RuntimeClass,
    ResourceQuota,
)
"""All plugins of the folder, in the order in which they run."""

PUT_QUOTA_STATUS = kind("PUT", "resourcequotas/status")
VERDICTS_KEPT = 1 << 16


class Verdict(NamedTuple):
    """What becomes of pods of one template with one vector of requests."""

    refused: Refused | None
    template: PodTemplate
    requests: Requests
    charges: tuple[Charge, ...] = ()


class Chain:
    """Admits pods and small objects of one cluster."""

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        self._cluster = cluster
        self._policies = cluster.policies
        self._clock = clock
        self.quota = ResourceQuota(cluster)
        self.plugins = [made(cluster) for made in ORDER if made is not ResourceQuota]
        self.plugins.append(self.quota)
        self.status_writes = 0
        """PUTs of quota statuses that admission has made."""
        self.on_status_write: Callable[[RequestKind, int], object] | None = None
        """Told of them, to price them; nobody waits for a client's token."""
        self._version = 0
        self._verdicts: dict[tuple[int, int], Verdict] = {}
        self._templates: dict[int, tuple[Refused | None, PodTemplate]] = {}
        self._unsaid: dict[tuple[int, tuple[tuple[str, bool], ...]], Refused | None] = {}
        self._written: dict[str, int] = {}
        """Namespace -> instant of its last status write."""

    @property
    def admission_us(self) -> int:
        """CPU time of the API server for admitting one pod, when there is something to look at."""
        return sum(plugin.admission_us for plugin in self.plugins)

    # --- pods

    def admit(self, pod: int) -> Refused | None:
        """Admit an unborn pod: its template, requests and priority are what plugins made them."""
        pods, policies = self._cluster.pods, self._policies
        if policies.version != self._version:
            self._version = policies.version
            for kept in (self._verdicts, self._templates, self._unsaid):
                kept.clear()
        key = (pods.template[pod], pods.requests[pod])
        verdict = self._verdicts.get(key)
        if verdict is None:
            if len(self._verdicts) >= VERDICTS_KEPT:
                self._verdicts.clear()
            verdict = self._verdicts[key] = self._judge(*key)
        if verdict.refused is not None:
            return verdict.refused
        if verdict.charges:
            refused = self._reserve(verdict.template.namespace, verdict.charges)
            if refused is not None:
                return refused
        pods.template[pod] = verdict.template.id
        pods.requests[pod] = verdict.requests.id
        if verdict.template.id != key[0]:
            pods.priority[pod] = verdict.template.priority
        return None

    def _reserve(self, namespace: str, charges: tuple[Charge, ...]) -> Refused | None:
        refused = self.quota.reserve(charges)
        if refused is None:
            now_us = self._clock.now_us
            if self._written.get(namespace) != now_us:
                self._written[namespace] = now_us
                self.status_writes += len(charges)
                if self.on_status_write is not None:
                    self.on_status_write(PUT_QUOTA_STATUS, len(charges))
        return refused

    def _judge(self, template_id: int, requests_id: int) -> Verdict:
        cluster = self._cluster
        template = cluster.templates.items[template_id]
        requests = cluster.requests.items[requests_id]
        extra = drawn(template.requests, requests, cluster.resources)
        refused, made = self._reviewed(template)
        if extra and self._policies.limit_ranges.get(template.namespace):
            refused = self._review(
                Review(template.namespace, _with_drawn(template.manifest, extra))
            )
        asked = self._asked(template, made, requests)
        if refused is None:
            refused = self._specified(made, asked, extra)
        if refused is not None:
            return Verdict(refused, template, requests)
        return Verdict(None, made, asked, self._policies.quotas.charges(made, asked))

    def _reviewed(self, template: PodTemplate) -> tuple[Refused | None, PodTemplate]:
        """What plugins say of a template as it is written, and what they made of it."""
        known = self._templates.get(template.id)
        if known is None:
            review = Review(template.namespace, template.manifest)
            refused, made = self._review(review), template
            if review.changed:
                made = self._cluster.templates.parse(review.manifest, template.namespace)
            known = self._templates[template.id] = (refused, made)
        return known

    def _review(self, review: Review) -> Refused | None:
        refused = self._mutate(review)
        return self._validate(review) if refused is None else refused

    def _specified(
        self, made: PodTemplate, asked: Requests, extra: Mapping[str, int]
    ) -> Refused | None:
        """Depends on which amounts were drawn, not on how large they are."""
        key = (made.id, tuple([(name, amount > 0) for name, amount in extra.items()]))
        if key not in self._unsaid:
            self._unsaid[key] = self.quota.specified(made, asked)
        return self._unsaid[key]

    def _mutate(self, review: Review) -> Refused | None:
        for plugin in self.plugins:
            refused = plugin.mutate(review)
            if refused is not None:
                return refused
        return None

    def _validate(self, review: Review) -> Refused | None:
        for plugin in self.plugins:
            refused = plugin.validate(review)
            if refused is not None:
                return refused
        return None

    def _asked(self, old: PodTemplate, new: PodTemplate, requests: Requests) -> Requests:
        """What the pod asks for now; what was drawn for it stands, overhead comes on top."""
        if requests is old.requests:
            return new.requests
        if new.requests is old.requests:
            return requests
        overhead = quantities(new.spec.get("overhead"))
        before = quantities(old.spec.get("overhead"))
        resources, rows = self._cluster.resources, {}
        for name, amount in drawn(old.requests, requests, resources).items():
            if name not in resources.gpu_names:
                rows[resources[name]] = amount + overhead.get(name, 0) - before.get(name, 0)
        return drawn_requests(self._cluster.requests, new.requests, rows, requests.gpu)

    # --- small objects

    def admit_object(self, table: str, key: str) -> Refused | None:
        """Admit an object of a small kind by its key (`namespace/name`)."""
        if not self._policies.version:
            return None
        namespace = key.partition("/")[0] if "/" in key else ""
        for plugin in self.plugins:
            refused = plugin.admit_object(table, namespace)
            if refused is not None:
                return refused
        charges = self._policies.quotas.object_charges(table, namespace)
        return self._reserve(namespace, charges) if charges else None

    def count_object(self, table: str, key: str, change: int) -> None:
        """An object was stored (+1) or is gone (−1)."""
        if "/" in key:
            self._policies.quotas.note_object(table, key.partition("/")[0], change)


def _with_drawn(manifest: Raw, extra: dict[str, int]) -> Raw:
    """The manifest as if what was drawn for the pod had been written into its first container."""
    spec: Raw = manifest.get("spec") or {}
    listed: list[Raw] = list(spec.get("containers") or ())
    if not extra or not listed:
        return manifest
    others = [requests_of(container) for container in listed[1:]]
    block: Raw = listed[0].get("resources") or {}
    requests: dict[str, Any] = dict(block.get("requests") or {})
    for name, amount in extra.items():
        left = max(0, amount - sum(other.get(name, 0) for other in others))
        requests[name] = f"{left}m" if name == "cpu" else str(left)
    first = {**listed[0], "resources": {**block, "requests": requests}}
    return {**manifest, "spec": {**spec, "containers": [first, *listed[1:]]}}
