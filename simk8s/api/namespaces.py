"""Deleting a namespace, as somebody who uses the API does it.

Law: the namespace stays, terminating, until its controller has emptied it; nothing new is created
in it meanwhile (admission). The namespaces that a cluster starts with cannot go.

Mirrors: registry/core/namespace/storage Delete, v1.36.
"""

from __future__ import annotations

from dataclasses import replace

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import request
from simk8s.api.store import Store
from simk8s.state.policies import IMMORTAL, Namespace

NAMESPACES = "namespaces"
"""Name of the kind in the store."""


@request("DELETE", "namespaces")
def delete_namespace(store: Store, name: str) -> bool:
    """Give it a deletionTimestamp; False where there is none, or it is going already."""
    table: ObjectTable[Namespace] = store.objects(NAMESPACES)
    stored = table.get(name)
    if stored is None or stored.value.terminating or name in IMMORTAL:
        return False
    return table.update(name, replace(stored.value, terminating=True), stored.version)
