"""The ReplicationController controller: keeps as many pods as were asked for.

Law and algorithm are those of the ReplicaSet controller (replicaset.py).

Mirrors: pkg/controller/replication v1.36, which is the ReplicaSet controller behind a conversion,
with workers and a client of its own.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.controllers._flags import Params
from simk8s.controllers.base import Context
from simk8s.controllers.replicaset import ReplicaSetController
from simk8s.state.workloads import REPLICATIONCONTROLLERS


class ReplicationControllerController(ReplicaSetController):
    """Reconciles keys of ReplicationControllers."""

    name: ClassVar[str] = "replicationcontroller"
    kind: ClassVar[str] = "ReplicationController"
    table: ClassVar[str] = REPLICATIONCONTROLLERS

    def __init__(self, params: Params, context: Context) -> None:
        super().__init__(params, context)
