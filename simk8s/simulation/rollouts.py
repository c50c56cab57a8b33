"""Rollouts that fail: a Deployment gets a bad version, and later its former one again.

Law: what is put back is the template that was there when the fault began. The image of the bad
version is the first container's with another tag, and cannot be pulled if that is what fails.

Mirrors: `kubectl set image` and `kubectl rollout undo`. Departs: both read and write at one
instant, so that neither meets a conflict.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from simk8s.api.client import Client
from simk8s.api.requests import request
from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.faults.base import BadRollout
from simk8s.kernel.clock import Clock
from simk8s.nodes.images import NodeImages
from simk8s.scenario.annotations import PREFIX
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.images import normal_name

BAD_TAG = "simk8s-bad"
_NEVER = "3650d"
_SOON = "2s"


class Rollouts:
    """Begins and undoes them."""

    def __init__(self, clock: Clock, store: Store, server: ApiServer, images: NodeImages) -> None:
        self._clock, self._store, self._server, self._images = clock, store, server, images
        self._client: Client | None = None
        self._former: dict[BadRollout, list[Mapping[str, Any]]] = {}

    def begin(self, effect: BadRollout) -> None:
        """Somebody rolls it out."""
        if not effect.deployment:
            self._images.break_image(normal_name(effect.image))
            return
        stored = self._store.objects(DEPLOYMENTS).get(effect.deployment)
        if stored is None:
            return
        former = stored.value.spec.get("template") or {}
        self._former.setdefault(effect, []).append(former)
        bad = spoilt(former, effect.failure)
        if effect.failure == "imagePull":
            self._images.break_image(normal_name(_image(bad)))
        self._put(effect.deployment, bad)

    def end(self, effect: BadRollout) -> None:
        """Somebody rolls it back."""
        if not effect.deployment:
            self._images.mend_image(normal_name(effect.image))
            return
        if effect not in self._former:
            return
        former = self._former[effect].pop()
        if not self._former[effect]:
            del self._former[effect]
        if effect.failure == "imagePull":
            self._images.mend_image(normal_name(_image(spoilt(former, effect.failure))))
        self._put(effect.deployment, former)

    def _put(self, key: str, template: Mapping[str, Any]) -> None:
        if self._client is None:
            self._client = Client(self._clock, self._server, "kubectl")
        table = self._store.objects(DEPLOYMENTS)

        @request("PATCH", "deployments")
        def patch() -> bool:
            stored = table.get(key)
            if stored is None:
                return False
            changed = stored.value.respecified({**stored.value.spec, "template": template})
            return table.update(key, changed, stored.version)

        self._client.write(patch)


def spoilt(template: Mapping[str, Any], failure: str) -> dict[str, Any]:
    """A version of a template that does not work."""
    bad = copy.deepcopy(dict(template))
    containers = bad.setdefault("spec", {}).setdefault("containers", [{}])
    named = str(containers[0].get("image") or "app")
    head, slash, last = named.rpartition("/")
    containers[0]["image"] = f"{head}{slash}{last.partition(':')[0].partition('@')[0]}:{BAD_TAG}"
    if failure == "imagePull":
        return bad
    metadata = bad.setdefault("metadata", {})
    annotations = metadata["annotations"] = dict(metadata.get("annotations") or {})
    if failure == "crash":
        annotations[f"{PREFIX}crash-after"] = _SOON
        return bad
    annotations[f"{PREFIX}startup"] = _NEVER
    for container in containers:
        container.setdefault("readinessProbe", {"httpGet": {"path": "/ready", "port": 80}})
    return bad


def _image(template: Mapping[str, Any]) -> str:
    return str(template["spec"]["containers"][0]["image"])
