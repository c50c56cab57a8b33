"""Small kinds that others read in a form of their own: how a stored object gets there.

A table of the store hands every object that it stores to the mirror of its kind, and None for one
that is gone, so that the scheduler's plugins (`state/objects.py`) and admission
(`state/policies.py`) see exactly what is stored.

Law: a mirror is called at the instant of the commit, after admission, once per change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simk8s.api.objects import Mirror
from simk8s.state import storage
from simk8s.state.budgets import DisruptionBudget
from simk8s.state.cluster import Cluster
from simk8s.state.configs import CONFIG_MAP, CONFIG_MAPS, SECRET, SECRETS, Keys
from simk8s.state.objects import Budget
from simk8s.state.policies import (
    LimitRange,
    Namespace,
    PriorityClass,
    RuntimeClass,
    ServiceAccount,
)
from simk8s.state.quota import Quota
from simk8s.state.statefulsets import CLAIMS, Claim
from simk8s.state.volumes import StorageClass, Volume


@dataclass(frozen=True, slots=True)
class Service:
    """What spreading reads of a service: which pods are behind it."""

    namespace: str
    name: str
    selector: Mapping[str, str] | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any], namespace: str, name: str) -> Service:
        """From a Kubernetes object."""
        selector = (raw.get("spec") or {}).get("selector")
        made = None if not selector else {str(k): str(v) for k, v in selector.items()}
        return cls(namespace, name, made)


def _namespaces(cluster: Cluster) -> Mirror:
    def mirror(key: str, value: Namespace | None) -> None:
        if value is None:
            cluster.policies.remove_namespace(key)
            cluster.objects.remove_namespace(key)
        else:
            cluster.policies.put_namespace(value)
            cluster.objects.put_namespace(key, value.labels)

    return mirror


def _services(cluster: Cluster) -> Mirror:
    def mirror(key: str, value: Service | None) -> None:
        namespace, _, name = key.partition("/")
        cluster.objects.put_service(namespace, name, None if value is None else value.selector)

    return mirror


def _budgets(cluster: Cluster) -> Mirror:
    def mirror(key: str, value: DisruptionBudget | None) -> None:
        if value is None:
            cluster.objects.remove_budget(*key.split("/", 1))
        else:
            status = value.status
            going = frozenset(cluster.name_of(pod) for pod, _ in status.disrupted)
            namespace, _, name = key.partition("/")
            budget = Budget(namespace, name, value.selector, status.allowed, going)
            cluster.objects.put_budget(budget)

    return mirror


def _limit_ranges(cluster: Cluster) -> Mirror:
    def mirror(key: str, value: LimitRange | None) -> None:
        if value is None:
            cluster.policies.remove_limit_range(*key.split("/", 1))
        else:
            cluster.policies.put_limit_range(value)

    return mirror


def _priority_classes(cluster: Cluster) -> Mirror:
    def mirror(key: str, value: PriorityClass | None) -> None:
        if value is None:
            cluster.policies.remove_priority_class(key)
        else:
            cluster.policies.put_priority_class(value)

    return mirror


def _runtime_classes(cluster: Cluster) -> Mirror:
    def mirror(key: str, value: RuntimeClass | None) -> None:
        if value is None:
            cluster.policies.remove_runtime_class(key)
        else:
            cluster.policies.put_runtime_class(value)

    return mirror


def _accounts(cluster: Cluster) -> Mirror:
    def mirror(key: str, value: ServiceAccount | None) -> None:
        if value is None:
            cluster.policies.remove_account(*key.split("/", 1))
        else:
            cluster.policies.put_account(value)

    return mirror


def _keyed(kind: str) -> Callable[[Cluster], Mirror]:
    def mirror_of(cluster: Cluster) -> Mirror:
        def mirror(key: str, value: Keys | None) -> None:
            if value is None:
                cluster.configs.remove(kind, *key.split("/", 1))
            else:
                cluster.configs.put(kind, value)

        return mirror

    return mirror_of


def _claims(cluster: Cluster) -> Mirror:
    volumes = cluster.volumes

    def mirror(key: str, value: Claim | None) -> None:
        namespace, _, name = key.partition("/")
        if value is None:
            volumes.remove_claim(namespace, name)
            return
        meta = {"namespace": namespace, "name": name, "annotations": value.notes}
        storage.put_claim(
            volumes, storage.wanted_claim({"metadata": meta, "spec": value.spec}, volumes)
        )

    return mirror


def _volumes(cluster: Cluster) -> Mirror:
    volumes = cluster.volumes

    def mirror(key: str, value: Volume | None) -> None:
        if value is None:
            volumes.remove_volume(key)
        else:
            volumes.put(value)
            storage.settle(volumes)

    return mirror


def _classes(cluster: Cluster) -> Mirror:
    volumes = cluster.volumes

    def mirror(key: str, value: StorageClass | None) -> None:
        if value is None:
            volumes.remove_class(key)
        else:
            volumes.put(value)
            storage.settle(volumes)

    return mirror


def _quotas(cluster: Cluster) -> Mirror:
    def mirror(key: str, value: Quota | None) -> None:
        if value is None:
            cluster.policies.quotas.remove(key)
        else:
            cluster.policies.quotas.put(value)
        cluster.policies.touch()

    return mirror


MIRRORS: Mapping[str, Callable[[Cluster], Mirror]] = {
    "namespaces": _namespaces,
    "services": _services,
    "poddisruptionbudgets": _budgets,
    "limitranges": _limit_ranges,
    "priorityclasses": _priority_classes,
    "runtimeclasses": _runtime_classes,
    "serviceaccounts": _accounts,
    "resourcequotas": _quotas,
    CONFIG_MAPS: _keyed(CONFIG_MAP),
    SECRETS: _keyed(SECRET),
    CLAIMS: _claims,
    "persistentvolumes": _volumes,
    "storageclasses": _classes,
}
"""By table: what makes the mirror of a cluster."""
