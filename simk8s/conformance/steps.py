"""Steps along the placements that a real cluster made: every real choice must be among our best.

A recording is a header, nodes and services, then one line a pod with the object as it was right
after its decision; deletions and later bindings may follow in between. Whatever the real cluster
did is applied, so that one difference does not bring about the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from simk8s.conformance.compare import Difference
from simk8s.conformance.objects import Loader
from simk8s.conformance.single import Record, Teller
from simk8s.placement.config import profile_of
from simk8s.placement.framework import Framework
from simk8s.schema.labels import REGION_LABEL, ZONE_LABEL
from simk8s.state.pods import NEVER

FAMILY = "real_cluster"
COPIED_AT_BINDING = (ZONE_LABEL, REGION_LABEL)
"""Node labels that the API server copies onto a pod when it is bound."""


def is_steps(first: Record) -> bool:
    """Whether a file that begins so is a recording of steps."""
    return first.get("kind") == "header"


def walk(name: str, lines: Iterable[Record]) -> Iterator[tuple[str, list[Difference]]]:
    """(id, differences) of every decision."""
    loader = Loader()
    teller: Teller | None = None
    for line in lines:
        kind, raw = str(line.get("kind")), line.get("o") or {}
        if kind == "header":
            profile = profile_of(line.get("scheduler_config"))
            teller = Teller(loader, Framework.of(profile))
        elif kind == "node":
            loader.node(raw)
        elif kind == "service":
            loader.service(raw)
        elif kind == "pod" and teller is not None:
            case = f"{name}-{line.get('i', len(loader.pods))}"
            yield case, list(_decision(case, teller, line))
        else:
            _change(loader, line)


def _decision(case: str, teller: Teller, line: Record) -> Iterator[Difference]:
    loader = teller.loader
    pod = loader.row(_before_binding(line["o"]))
    told = teller.single(loader.query(pod))
    real = line.get("node")
    if real:
        if real not in (told.get("argmax") or ()):
            got = told.get("argmax") or told.get("message")
            yield Difference(case, FAMILY, "node", real, got)
        _place(loader, pod, str(real))
    else:
        message = _message(line)
        if message is not None and message != told.get("message"):
            yield Difference(case, FAMILY, "message", message, told.get("message"))
        nominated = (line["o"].get("status") or {}).get("nominatedNodeName")
        row = loader.cluster.nodes.row(str(nominated)) if nominated else None
        if row is not None:
            loader.cluster.nominate(pod, row)


def _message(line: Record) -> Any:
    """The text of the PodScheduled condition."""
    condition = line.get("unschedulable")
    return condition.get("message") if isinstance(condition, dict) else condition


def _before_binding(raw: Record) -> Record:
    """The pod as it was when the scheduler looked at it."""
    labels = dict(raw["metadata"].get("labels") or {})
    if raw["spec"].get("nodeName"):
        for label in COPIED_AT_BINDING:
            labels.pop(label, None)
    status = {k: v for k, v in (raw.get("status") or {}).items() if k != "nominatedNodeName"}
    return {**raw, "metadata": {**raw["metadata"], "labels": labels}, "status": status}


def _place(loader: Loader, pod: int, node: str) -> None:
    row = loader.cluster.nodes.row(node)
    if row is not None:
        loader.bind(pod, row)


def _change(loader: Loader, line: Record) -> None:
    """A pod that bound later, or an object that was deleted."""
    kind, meta = str(line.get("kind")), (line.get("o") or {}).get("metadata") or {}
    name = str(line.get("ref") or line.get("name") or line.get("pod") or meta.get("name") or "")
    namespace = str(meta.get("namespace") or line.get("namespace") or "default")
    ref = name if "/" in name else f"{namespace}/{name}"
    pod = loader.pods.get(ref)
    if pod is None:
        if "delet" in kind.lower() and loader.cluster.nodes.row(name) is not None:
            loader.remove_node(name)
        return
    if "delet" in kind.lower():
        loader.delete(pod)
        del loader.pods[ref]
    elif line.get("node") and loader.cluster.pods.charged[pod] == NEVER:
        _place(loader, pod, str(line["node"]))
