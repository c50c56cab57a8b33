"""A pod has a service account, and its token as one more volume to mount.

Law: the account is `spec.serviceAccountName`, `default` where none is named; in a namespace that
declares accounts any other has to be declared. The token's volume is added unless pod or account
say `automountServiceAccountToken: false`.

Mirrors: plugin/pkg/admission/serviceaccount v1.36. Departs: `default` is there from the start,
before its controller makes it; a namespace that declares no account has every account; the mount in
each container is left out, since nothing reads it.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.admission.base import Plugin, Raw, Review
from simk8s.api.refused import Refused, forbidden
from simk8s.state.policies import DEFAULT_ACCOUNT

TOKEN_VOLUME = "kube-api-access"
TOKEN_SECONDS = 3607


class ServiceAccount(Plugin):
    """Third in the chain."""

    name: ClassVar[str] = "ServiceAccount"
    admission_us: ClassVar[int] = 5

    def mutate(self, review: Review) -> Refused | None:
        """Look the account up and add its token."""
        spec = review.spec
        declared = self.policies.accounts.get(review.namespace)
        if not declared or all(account.made for account in declared.values()):
            return None
        named = str(spec.get("serviceAccountName") or spec.get("serviceAccount") or "")
        account = declared.get(named or DEFAULT_ACCOUNT)
        if account is None and (named or DEFAULT_ACCOUNT) != DEFAULT_ACCOUNT:
            where = f"{review.namespace}/{named}"
            words = f'error looking up service account {where}: serviceaccount "{named}" not found'
            return forbidden(words, self.name)
        if not named:
            review.set(serviceAccountName=DEFAULT_ACCOUNT)
        wanted = spec.get("automountServiceAccountToken")
        if wanted is None:
            wanted = account is None or account.automount
        volumes = spec.get("volumes") or ()
        if wanted and not any(_is_token(volume) for volume in volumes):
            review.set(volumes=[*volumes, _token_volume()])
        return None


def _is_token(volume: Raw) -> bool:
    return str(volume.get("name") or "").startswith(TOKEN_VOLUME)


def _token_volume() -> Raw:
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt"}},
        {"downwardAPI": {"items": [{"path": "namespace"}]}},
    ]
    return {"name": TOKEN_VOLUME, "projected": {"sources": sources}}
