"""What an admission plugin is: it changes a pod that is being created, or refuses it.

A plugin file has one public class, a `Plugin`. Creation runs `mutate` of every plugin in the
chain's order, then `validate` of every plugin; the first refusal ends it. Both see the pod's
manifest and what is declared in its namespace, never the pod itself: pods share templates, so a
verdict is reached once per template and version of the declared objects (`_chain.py`). Only
`reserve` runs for every pod.

Law: the same manifest and the same declared objects give the same verdict. `mutate` changes the
review through `set`, never the mapping it was given. `tests/api/admission/test_conformance.py`
checks every file of the folder.

Mirrors: k8s.io/apiserver/pkg/admission MutationInterface and ValidationInterface, v1.36.
Departs: creation alone is admitted; no webhooks.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar

from simk8s.api.refused import Refused
from simk8s.state.cluster import Cluster

Raw = Mapping[str, Any]


class Review:
    """One pod manifest on its way through the chain."""

    __slots__ = ("changed", "manifest", "namespace")

    def __init__(self, namespace: str, manifest: Raw) -> None:
        self.namespace = namespace
        self.manifest = manifest
        self.changed = False

    @property
    def spec(self) -> Raw:
        """The pod's spec as it stands."""
        spec: Raw = self.manifest.get("spec") or {}
        return spec

    def set(self, **fields: Any) -> None:
        """Replace fields of the spec."""
        self.manifest = {**self.manifest, "spec": {**self.spec, **fields}}
        self.changed = True


class Plugin(ABC):
    """Base of admission plugins."""

    name: ClassVar[str]
    """As `--enable-admission-plugins` spells it."""
    admission_us: ClassVar[int] = 0
    """CPU time of the API server for one pod. UNVERIFIED priors: an in-memory look-up takes
    microseconds."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.policies = cluster.policies

    def mutate(self, review: Review) -> Refused | None:
        """Fill in what is missing, or refuse."""
        return None

    def validate(self, review: Review) -> Refused | None:
        """Refuse what must not be; the manifest is final by now."""
        return None

    def admit_object(self, kind: str, namespace: str) -> Refused | None:
        """A small object (`jobs`) is being created in a namespace (empty: in none)."""
        return None
