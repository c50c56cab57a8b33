"""Nothing is created in a namespace that is missing or going.

Law: a namespace that is declared later, or is gone, is missing (404); one that is being deleted
takes nothing new (403); the namespaces a cluster starts with are always there.

Mirrors: apiserver/pkg/admission/plugin/namespace/lifecycle, v1.36. Departs: a namespace that
nothing declares exists; no live look-up and no 50 ms wait for a namespace that was just created.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.admission.base import Plugin, Review
from simk8s.api.refused import Refused, forbidden, not_found
from simk8s.state.policies import IMMORTAL


class NamespaceLifecycle(Plugin):
    """First in the chain."""

    name: ClassVar[str] = "NamespaceLifecycle"
    admission_us: ClassVar[int] = 1

    def mutate(self, review: Review) -> Refused | None:
        """Look the pod's namespace up."""
        return self._look_up(review.namespace)

    def admit_object(self, kind: str, namespace: str) -> Refused | None:
        """Look the object's namespace up, if it has one."""
        return self._look_up(namespace) if namespace else None

    def _look_up(self, namespace: str) -> Refused | None:
        declared = self.policies.namespaces
        if namespace in IMMORTAL or namespace not in declared:
            return None
        found = declared[namespace]
        if found is None:
            return not_found(f'namespaces "{namespace}" not found', self.name)
        if found.terminating:
            words = f"unable to create new content in namespace {namespace} because it is being"
            return forbidden(f"{words} terminated", self.name)
        return None
