"""Which claims a pod's volumes name, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.state.shapes import PodTemplate
from simk8s.state.volumes import Claim


def named(template: PodTemplate, pod_name: str) -> Iterator[tuple[str, bool]]:
    """(claim name, whether it belongs to an ephemeral volume), in the order of the volumes."""
    for volume in template.volumes:
        claim = volume.get("persistentVolumeClaim")
        if claim is not None:
            yield str(claim.get("claimName") or ""), False
        elif volume.get("ephemeral") is not None:
            yield f"{pod_name}-{volume['name']}", True


def uses_claims(template: PodTemplate) -> bool:
    """Whether any volume names a claim."""
    return any(
        v.get("persistentVolumeClaim") is not None or v.get("ephemeral") is not None
        for v in template.volumes
    )


def found(query: Query, view: View) -> list[Claim]:
    """The claims of a pod that exist."""
    claims, own = view.volumes.claims, query.template
    names = [name for name, _ in named(own, view.cluster.name_of(query.pod))]
    return [claims[own.namespace, name] for name in names if (own.namespace, name) in claims]


def flaw(query: Query, view: View) -> str | None:
    """Why the pod cannot use its claims, in the scheduler's words; None if it can."""
    own = query.template
    for name, ephemeral in named(own, view.cluster.name_of(query.pod)):
        claim = view.volumes.claims.get((own.namespace, name))
        if claim is None and ephemeral:
            return (
                "waiting for ephemeral volume controller to create the "
                f'persistentvolumeclaim "{name}"'
            )
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if claim.lost:
            return (
                f'persistentvolumeclaim "{name}" bound to non-existent '
                f'persistentvolume "{claim.volume}"'
            )
        if claim.deleting:
            return f'persistentvolumeclaim "{name}" is being deleted'
    return None
