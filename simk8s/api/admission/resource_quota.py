"""Quotas of a namespace: last in the chain, the only plugin that counts pod by pod.

Law: a create is charged at the instant of its commit or refused (403), so `used` never passes
`hard` by admission. Every container names what a quota of cpu or memory asks for.

Mirrors: apiserver/pkg/admission/plugin/resourcequota v1.36 CheckRequest. An admitted create costs
one more write, PUT resourcequotas/status, batched by namespace: creates that wait together share
one (`Chain.on_status_write`). Departs: the batch is what commits at one instant; no conflicts
between several API servers, so no retries; what is charged is stored for certain, so nothing
leaks until a resync.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.admission.base import Plugin
from simk8s.api.refused import Refused, forbidden
from simk8s.state.quota import Charge
from simk8s.state.requests import Requests
from simk8s.state.shapes import PodTemplate


class ResourceQuota(Plugin):
    """Charges what is created."""

    name: ClassVar[str] = "ResourceQuota"
    admission_us: ClassVar[int] = 20

    def specified(self, template: PodTemplate, requests: Requests) -> Refused | None:
        """Whether every container names what the quotas ask for."""
        found = self.policies.quotas.unspecified(template, requests)
        if found is None:
            return None
        name, words = found
        return forbidden(f"failed quota: {name}: must specify {words}", self.name)

    def reserve(self, charges: tuple[Charge, ...]) -> Refused | None:
        """Charge one pod or object, or refuse it."""
        book = self.policies.quotas
        words = book.refusal(charges)
        if words:
            return forbidden(words, self.name)
        book.charge(charges)
        return None
