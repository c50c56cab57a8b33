"""One decision, told in the words of the recording format."""

from __future__ import annotations

from typing import Any

import numpy as np

from simk8s.conformance.objects import Loader
from simk8s.placement.base import Code, PluginError, Query, Status
from simk8s.placement.cycle import Evaluation, Scored, evaluate
from simk8s.placement.diagnosis import Diagnosis
from simk8s.placement.framework import Framework
from simk8s.placement.postfilter import Outcome, event_message, post_filter
from simk8s.placement.preemption import Candidate
from simk8s.placement.view import View

Record = dict[str, Any]


class Teller:
    """Decides for one cluster and tells what it decided."""

    def __init__(self, loader: Loader, framework: Framework) -> None:
        self.loader = loader
        self.framework = framework
        self.view = View(loader.cluster)

    def name(self, row: int) -> str:
        """A node's name."""
        return self.view.nodes.specs[row].name

    def pod(self, pod: int) -> str:
        """namespace/name of a pod."""
        cluster = self.loader.cluster
        return f"{cluster.template_of(pod).namespace}/{cluster.name_of(pod)}"

    def single(self, query: Query) -> Record:
        """Everything that a `single` case records."""
        try:
            found = evaluate(self.framework, query, self.view)
        except PluginError as error:
            return {"error": str(error), "message": str(error), "maxScore": 0}
        told = self._filtered(found.diagnosis)
        told.update(self._scored(found))
        if found.error is not None:
            told.update(error=found.error, message=found.error)
        elif not len(found.feasible):
            outcome = post_filter(self.framework, query, self.view, found.diagnosis)
            told["filterMessage"] = found.diagnosis.message
            told["message"] = event_message(found.diagnosis, outcome)
            told["preemption"] = self.preemption(found.diagnosis, outcome)
        return told

    def _filtered(self, found: Diagnosis) -> Record:
        told: Record = {"preFilter": _prefilter(found)}
        if found.shortcut:
            told["nominatedNodeShortcut"] = True
            told["filter"] = {}
        else:
            rejected = np.flatnonzero(found.existing & (found.by != -1)).tolist()
            told["filter"] = {self.name(r): self._status(found, r) for r in rejected}
        told["feasible"] = sorted(self.name(row) for row in found.feasible.tolist())
        told["unschedulablePlugins"] = list(found.rejecters)
        return told

    def _status(self, found: Diagnosis, row: int) -> Record:
        node = found.status(row)
        return _told(node.status, node.plugin)

    def _scored(self, found: Evaluation) -> Record:
        best = sorted(self.name(row) for row in found.best.tolist())
        told: Record = {
            "argmax": best or None,
            "maxScore": int(found.total.max()) if len(found.total) else 0,
            "placement": best[0] if best else None,
        }
        if len(found.feasible) == 1 and found.error is None:
            told["singleFeasible"] = True
        if not len(found.total):
            return told
        names = [self.name(row) for row in found.feasible.tolist()]
        order = sorted(range(len(names)), key=lambda i: names[i])
        told["scores"] = {s.plugin: _score(s, order) for s in found.scores}
        told["total"] = found.total[order].tolist()
        return told

    def preemption(self, diagnosis: Diagnosis, outcome: Outcome) -> Record:
        """What PostFilter did."""
        told: Record = {"status": {"code": outcome.code}, "nominated": None}
        if outcome.code != "Success":
            told["status"] = {
                "code": outcome.code,
                "plugin": outcome.plugin,
                "reasons": outcome.reasons,
            }
        potential = diagnosis.with_code(Code.UNSCHEDULABLE).tolist()
        told["potentialNodes"] = sorted(self.name(row) for row in potential)
        if outcome.overrides:
            told["nominatingMode"] = "override"
        if outcome.run is not None:
            candidates = sorted(outcome.run.candidates, key=lambda c: self.name(c.node))
            told["candidates"] = [self._candidate(c) for c in candidates]
            told["nodeStatuses"] = {
                self.name(row): _told(node.status, node.plugin)
                for row, node in outcome.run.failures.items()
            }
        chosen = self.nominee(outcome)
        if chosen is not None:
            told["best"] = sorted(self.name(c.node) for c in outcome.tied)
            told["nominated"] = self.name(chosen.node)
            told["victims"] = [self.pod(pod) for pod in chosen.victims]
        return told

    def nominee(self, outcome: Outcome) -> Candidate | None:
        """The lowest-named of the best candidates."""
        return min(outcome.tied, key=lambda c: self.name(c.node), default=None)

    def _candidate(self, candidate: Candidate) -> Record:
        return {
            "node": self.name(candidate.node),
            "pdbViolations": candidate.violations,
            "victims": [self.pod(pod) for pod in candidate.victims],
        }


def _prefilter(found: Diagnosis) -> Record:
    if found.prefilter.code is not Code.SUCCESS:
        return _told(found.prefilter, found.prefilter_plugin)
    told: Record = {"code": "Success"}
    if found.limits is not None:
        told.update(restrictsNodes=True, nodeNames=sorted(found.limits))
    return told


def _told(status: Status, plugin: str) -> Record:
    told: Record = {"code": status.code.words, "reasons": sorted(status.reasons)}
    if plugin:
        told["plugin"] = plugin
    return told


def _score(scored: Scored, order: list[int]) -> Record:
    if scored.raw is None or scored.normalized is None or scored.weighted is None:
        return {"skipped": True, "weight": scored.weight}
    return {
        "weight": scored.weight,
        "raw": scored.raw[order].tolist(),
        "normalized": scored.normalized[order].tolist(),
        "weighted": scored.weighted[order].tolist(),
    }
