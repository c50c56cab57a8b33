"""The cluster that a run begins with, from a dump of a live one: owners, and pods where they are.

Law: nothing is written to the API for it and nobody creates anything of it again: every informer
has heard of all of it before the clock starts. Pods that run go on running, bound pods start on
their node, others are pending; statuses are those of the dump, so that controllers that find them
right do nothing. What its running pods need exists, dumped or not.

Mirrors: the LISTs with which components start. Departs: pods are of their owner's template, with
the requests of the dump; they have been ready since the run begins; backoffs and expectations are
not in a dump; a CronJob's last schedule is forgotten; daemons count as up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simk8s.controllers._rollout import FALSE, TRUE
from simk8s.scenario.needs import claims_of, needs_of
from simk8s.state.configs import Keys
from simk8s.state.daemonsets import DAEMONSETS
from simk8s.state.deployments import (
    DEPLOYMENTS,
    HASH_LABEL,
    Condition,
    Deployment,
    DeploymentStatus,
    template_hash,
)
from simk8s.state.effective import parse_requests
from simk8s.state.makers import REVISION_LABEL, REVISIONS, Revision
from simk8s.state.pods import NEVER
from simk8s.state.statefulsets import CLAIMS, STATEFULSETS, Claim, StatefulSetStatus
from simk8s.state.workloads import (
    JOBS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    Job,
    JobCondition,
    JobStatus,
    ReplicaSet,
    ReplicaSetStatus,
)
from simk8s.units import indexes_of
from simk8s.workload.live import is_static

if TYPE_CHECKING:
    from simk8s.scenario.found import ManifestObject
    from simk8s.simulation.build import World
    from simk8s.workload.entry import Created

Raw = Mapping[str, Any]
Key = tuple[str, str]
"""Kind and `namespace/name`."""
ANNOTATION = "deployment.kubernetes.io/"
PER_POD = ("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index")
TOP = ("Deployment", "CronJob")


def adopt(objects: Iterable[Created], world: World) -> None:
    """Put it all in place, owners first; before the clock starts."""
    found = list(objects)
    if found:
        _Adoption(found, world).run()


def silence(nodes: Iterable[ManifestObject], world: World) -> None:
    """Machines whose Node is not Ready in a dump are down from the start, and stay so."""
    rows = []
    for one in nodes:
        row = world.cluster.nodes.row(one.name)
        if row is not None and not _ready(one.raw.get("status") or {}):
            rows.append(row)
    world.machines.crash(rows)
    for row in rows:
        world.store.set_ready(row, False)


class _Adoption:
    def __init__(self, found: list[Created], world: World) -> None:
        assert world.writer is not None, "every world has one"
        self._found, self._world, self._writer = found, world, world.writer
        self._store, self._cluster = world.store, world.cluster
        self._by_key = {(one.kind, _key(one)): one for one in found}
        self._revisions: dict[tuple[Key, str], Revision] = {}

    def run(self) -> None:
        """Owners of owners, owners, pods; informers hear of each wave before the next."""
        waves: list[list[Created]] = [[], [], []]
        for one in self._found:
            waves[0 if one.kind in TOP else 2 if one.kind == "Pod" else 1].append(one)
        for number, wave in enumerate(waves):
            for one in wave:
                (self._pod if number == 2 else self._owner)(one)
            self._world.controllers.catch_up()
        quotas = self._cluster.policies.quotas
        for key in list(quotas.quotas):
            quotas.settle(key)

    # --- owners

    def _owner(self, made: Created) -> None:
        table, key, record = self._writer.record_of(made)
        live = _live(made)
        status: Raw = live.raw.get("status") or {}
        if made.kind == "Deployment":
            record = _deployment(record, live, status)
        elif made.kind in ("ReplicaSet", "ReplicationController"):
            record = self._replicas(made, record, live, status)
        elif made.kind == "Job":
            record = self._job(made, record, status)
        elif made.kind in ("StatefulSet", "DaemonSet"):
            record = self._revised(made, table, key, record, status)
        self._store.objects(table).create(key, record)

    def _above(self, made: Created, kind: str) -> str | None:
        """The key of what owns an object, if that is of the dump, too."""
        owner = _live(made).owner
        if owner is None or owner[0] != kind:
            return None
        key = f"{made.namespace}/{owner[1]}"
        return key if (kind, key) in self._by_key else None

    def _replicas(
        self, made: Created, record: ReplicaSet, live: ManifestObject, status: Raw
    ) -> ReplicaSet:
        record = replace(record, status=_replica_status(status))
        above = self._above(made, "Deployment")
        stored = None if above is None else self._store.objects(DEPLOYMENTS).get(above)
        if above is None or stored is None:
            return record
        wanted: Deployment = stored.value
        plain = _without_label(made.template, HASH_LABEL)
        same = plain == _without_label(wanted.template, HASH_LABEL)
        notes: Raw = (live.raw.get("metadata") or {}).get("annotations") or {}
        most = wanted.replicas + wanted.fenceposts[0]
        return replace(
            record,
            pods=wanted.make(f"ReplicaSet/{made.name}", made.template),
            deployment=above,
            template_hash=wanted.template_hash if same else template_hash(plain),
            template=wanted.template if same else plain,
            revision=_number(notes.get(f"{ANNOTATION}revision")),
            desired=_number(notes.get(f"{ANNOTATION}desired-replicas"), wanted.replicas),
            most=_number(notes.get(f"{ANNOTATION}max-replicas"), most),
        )

    def _job(self, made: Created, record: Job, status: Raw) -> Job:
        """With what has been counted; a Job of a CronJob is one of its Jobs."""
        words = {str(c.get("type")) for c in status.get("conditions") or () if _true(c)}
        names = [c.value for c in JobCondition if c.value in words]
        condition = JobCondition(names[-1]) if names else JobCondition.ACTIVE
        told = JobStatus(
            active=_number(status.get("active")),
            ready=_number(status.get("ready")),
            terminating=_number(status.get("terminating")),
            succeeded=_number(status.get("succeeded")),
            failed=_number(status.get("failed")),
            condition=condition,
            start_us=None if record.suspend else 0,
            finished_us=0 if condition.final else None,
            suspended=record.suspend,
            completed_indexes=_indexes(status.get("completedIndexes")),
            failed_indexes=_indexes(status.get("failedIndexes")),
        )
        return replace(record, status=told, cronjob=self._above(made, "CronJob") or "")

    def _revised(self, made: Created, table: str, key: str, record: Any, status: Raw) -> Any:
        """With the revision that its pods are of; one that is being replaced is another."""
        letters = record.template_hash
        update = str(status.get("updateRevision") or "")
        new = Revision(f"{table} {key}", letters, 2, record.template)
        self._put_revision(made, key, update, new)
        if made.kind != "StatefulSet":
            return record
        current = letters
        before = str(status.get("currentRevision") or update)
        if before != update:
            old = self._old_template(made, before)
            if old is not None:
                current = template_hash(old)
                self._put_revision(made, key, before, Revision(new.owner, current, 1, old))
        told = StatefulSetStatus(
            replicas=_number(status.get("replicas")),
            ready=_number(status.get("readyReplicas")),
            available=_number(status.get("availableReplicas")),
            current=_number(status.get("currentReplicas")),
            updated=_number(status.get("updatedReplicas")),
            current_revision=current,
            update_revision=letters,
            observed_generation=record.generation,
        )
        return replace(record, status=told)

    def _put_revision(self, made: Created, key: str, name: str, revision: Revision) -> None:
        self._revisions[(made.kind, _key(made)), _hash_of(name)] = revision
        self._revisions.setdefault(((made.kind, _key(made)), ""), revision)
        self._store.objects(REVISIONS).create(f"{key}-{revision.letters}", revision)

    def _old_template(self, made: Created, revision: str) -> Raw | None:
        """What a pod of an earlier revision was made from, as far as the pod tells."""
        for one in self._found:
            owned = one.kind == "Pod" and _live(one).owner == (made.kind, made.name)
            if owned and one.namespace == made.namespace:
                meta: Raw = one.template.get("metadata") or {}
                labels = dict(meta.get("labels") or {})
                if str(labels.get(REVISION_LABEL, "")).endswith(_hash_of(revision)):
                    for name in (REVISION_LABEL, *PER_POD):
                        labels.pop(name, None)
                    return {"metadata": {"labels": labels}, "spec": _own_spec(one.template)}
        return None

    # --- pods

    def _pod(self, made: Created) -> None:
        live = _live(made)
        spec: Raw = live.raw.get("spec") or {}
        status: Raw = live.raw.get("status") or {}
        node = self._cluster.nodes.row(str(spec.get("nodeName") or ""))
        if spec.get("nodeName") and node is None:
            what = f"Pod {made.namespace}/{made.name} is left out"
            self._writer.refusals.append(f"{what}: no node {spec['nodeName']!r}")
            return
        row = self._row(made, node, live)
        if row is None:
            return
        pods = self._cluster.pods
        pods.names[row] = made.name
        manifest = {"spec": _own_spec(made.template)}
        cluster = self._cluster
        pods.requests[row] = parse_requests(
            manifest, cluster.resources, cluster.requests, status
        ).id
        if is_static(live):
            pods.static.add(row)
        running = node is not None and status.get("phase") == "Running"
        if node is not None:
            requests = cluster.requests_of(row)
            cluster.charge(row, node, cluster.nodes.choose_devices(node, requests) or 0)
        bound = NEVER if node is None else node
        self._store.adopt(row, bound, running=running, ready=_ready(status))
        if running:
            self._world.kubelets.adopt(row)
            self._provide(made)

    def _row(self, made: Created, node: int | None, live: ManifestObject) -> int | None:
        """An unborn row, made by whatever owns the pod; None where that will make it again."""
        owner = live.owner
        key = (owner[0], f"{made.namespace}/{owner[1]}") if owner is not None else None
        above = self._by_key.get(key) if key is not None else None
        if key is None or above is None or key[0] not in _TABLES:
            template = {"metadata": _meta(made.template), "spec": _own_spec(made.template)}
            return self._writer.stamp(replace(made, template=template))(1)[0]
        stored = self._store.objects(_TABLES[key[0]]).get(key[1])
        assert stored is not None, "owners were adopted first"
        if key[0] not in ("StatefulSet", "DaemonSet"):
            return int(stored.value.pods(1)[0])
        labels: Raw = _meta(made.template).get("labels") or {}
        letters = _hash_of(str(labels.get(REVISION_LABEL) or ""))
        revision = self._revisions.get((key, letters)) or self._revisions[key, ""]
        if key[0] == "DaemonSet" and node is None:
            return None
        row = int(stored.value.pods(revision, 1)[0])
        if node is not None and key[0] == "DaemonSet":
            self._cluster.pods.pinned[row] = node
        else:
            self._cluster.pods.ordinal[row] = _number(made.name.rpartition("-")[2])
        return row

    def _provide(self, made: Created) -> None:
        """What a running pod needs is there."""
        spec: Raw = made.template.get("spec") or {}
        configs, claims = self._cluster.configs, self._store.objects(CLAIMS)
        for need in needs_of(spec):
            if not configs.has(need.kind, made.namespace, need.name, need.keys):
                configs.put(need.kind, Keys(made.namespace, need.name, frozenset(need.keys)))
        for name in claims_of(spec):
            claims.create(f"{made.namespace}/{name}", Claim({}))


_TABLES = {
    "ReplicaSet": REPLICASETS,
    "ReplicationController": REPLICATIONCONTROLLERS,
    "StatefulSet": STATEFULSETS,
    "DaemonSet": DAEMONSETS,
    "Job": JOBS,
}
"""What pods may belong to."""


def _live(made: Created) -> ManifestObject:
    assert made.live is not None, "only what exists is adopted"
    return made.live


def _key(made: Created) -> str:
    return f"{made.namespace}/{made.name}"


def _deployment(record: Deployment, live: ManifestObject, status: Raw) -> Deployment:
    notes: Raw = (live.raw.get("metadata") or {}).get("annotations") or {}
    conditions = {str(c.get("type")): c for c in status.get("conditions") or ()}
    told = DeploymentStatus(
        replicas=_number(status.get("replicas")),
        updated=_number(status.get("updatedReplicas")),
        ready=_number(status.get("readyReplicas")),
        available=_number(status.get("availableReplicas")),
        unavailable=_number(status.get("unavailableReplicas")),
        terminating=_number(status.get("terminatingReplicas")),
        observed_generation=record.generation,
        availability=_condition(conditions.get("Available")),
        progress=_condition(conditions.get("Progressing")),
    )
    revision = _number(notes.get(f"{ANNOTATION}revision"))
    return replace(record, revision=revision, status=told)


def _condition(raw: Raw | None) -> Condition | None:
    if raw is None:
        return None
    return Condition(TRUE if _true(raw) else FALSE, str(raw.get("reason") or ""))


def _replica_status(status: Raw) -> ReplicaSetStatus:
    replicas = _number(status.get("replicas"))
    return ReplicaSetStatus(
        replicas=replicas,
        ready=_number(status.get("readyReplicas")),
        available=_number(status.get("availableReplicas")),
        fully_labeled=_number(status.get("fullyLabeledReplicas"), replicas),
        terminating=_number(status.get("terminatingReplicas")),
        observed_generation=1,
    )


def _meta(template: Raw) -> Raw:
    meta: Raw = template.get("metadata") or {}
    return {part: dict(meta.get(part) or {}) for part in ("labels", "annotations")}


def _own_spec(template: Raw) -> Raw:
    """A pod's spec without where it is."""
    spec: Raw = template.get("spec") or {}
    return {key: value for key, value in spec.items() if key != "nodeName"}


def _without_label(template: Raw, label: str) -> Raw:
    meta: Raw = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != label}
    return {**template, "metadata": {**meta, "labels": labels}}


def _hash_of(revision: str) -> str:
    """`web-5f7d9c` -> `5f7d9c`: labels of pods of a DaemonSet hold the hash alone."""
    return revision.rpartition("-")[2]


def _indexes(text: Any) -> tuple[int, ...]:
    return tuple(indexes_of(str(text))) if text else ()


def _ready(status: Raw) -> bool:
    told = [c for c in status.get("conditions") or () if c.get("type") == "Ready"]
    return _true(told[0]) if told else True


def _true(condition: Raw) -> bool:
    return condition.get("status") == "True"


def _number(value: Any, default: int = 0) -> int:
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError):
        return default
