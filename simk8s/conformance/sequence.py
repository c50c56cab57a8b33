"""Operations applied one after the other to one cluster, every placement kept for the next."""

from __future__ import annotations

from typing import Any

from simk8s.conformance.objects import Loader, instant_us
from simk8s.conformance.single import Record, Teller
from simk8s.placement.base import PluginError
from simk8s.placement.cycle import Evaluation, evaluate
from simk8s.placement.framework import Framework
from simk8s.placement.postfilter import post_filter
from simk8s.placement.search import Search

STARTED = instant_us("2026-01-03T00:00:00Z")


class Sequence:
    """Replays the operations of one sequence case."""

    def __init__(
        self,
        loader: Loader,
        framework: Framework,
        *,
        preempts: bool,
        percentage: int | None = None,
    ) -> None:
        self._loader = loader
        self._framework = framework
        self._teller = Teller(loader, framework)
        self._preempts = preempts
        self._samples = percentage is not None
        self._search = Search(100 if percentage is None else percentage)

    def apply(self, number: int, op: Record) -> Record | None:
        """One operation; what a `schedule` step records."""
        loader = self._loader
        match op["op"]:
            case "schedule":
                return self._schedule(number, op["pod"])
            case "delete":
                pod = self._placed(op["ref"])
                if pod is not None:
                    loader.delete(pod)
                    del loader.pods[op["ref"]]
            case "terminate":
                pod = self._placed(op["ref"])
                if pod is not None:
                    loader.cluster.terminate(pod, STARTED)
            case "addNode" | "updateNode":
                loader.node(op["node"])
            case "removeNode":
                loader.remove_node(op["ref"])
        return None

    def _placed(self, ref: str) -> int | None:
        pod = self._loader.pods.get(ref)
        return pod if pod is not None and self._loader.cluster.pods.charged[pod] >= 0 else None

    def _schedule(self, number: int, raw: Record) -> Record:
        loader = self._loader
        pod = loader.row(raw)
        told, node = self._decide(pod)
        if node is None and self._preempts and "error" not in told:
            node = self._displace(pod, told)
        if node is None:
            loader.delete(pod)
        else:
            loader.bind(pod, node)
            loader.cluster.pods.running_us[pod] = STARTED + number * 1_000_000
            told["placement"] = self._teller.name(node)
        return told

    def _decide(self, pod: int) -> tuple[Record, int | None]:
        query = self._loader.query(pod)
        try:
            found = evaluate(self._framework, query, self._teller.view, self._search)
        except PluginError as error:
            return {"error": str(error), "message": str(error), "maxScore": 0}, None
        names = {self._teller.name(row): row for row in found.best.tolist()}
        told: dict[str, Any] = {
            "feasibleCount": len(found.feasible),
            "maxScore": int(found.total.max()) if len(found.total) else 0,
            "argmax": sorted(names),
            "placement": None,
        }
        if self._samples:
            told.update(self._sampled(found))
        if found.error is not None:
            told.update(error=found.error, message=found.error)
        elif not names:
            told["message"] = found.diagnosis.message
        return told, names[min(names)] if names else None

    def _sampled(self, found: Evaluation) -> Record:
        looked_at = len(found.diagnosis.visited)
        if not found.diagnosis.shortcut:
            self._search.advance(looked_at, found.diagnosis.nodes)
        return {
            "evaluated": looked_at,
            "feasible": sorted(self._teller.name(row) for row in found.feasible.tolist()),
            "nextStartNodeIndex": self._search.start,
        }

    def _displace(self, pod: int, told: Record) -> int | None:
        """Preempt, remove the victims at once and try again with the nominated node."""
        loader, teller = self._loader, self._teller
        query = loader.query(pod)
        diagnosis = evaluate(self._framework, query, teller.view).diagnosis
        outcome = post_filter(self._framework, query, teller.view, diagnosis)
        whole = teller.preemption(diagnosis, outcome)
        told["preemption"] = {k: whole.get(k) for k in ("best", "nominated", "victims")}
        told["preemption"]["candidates"] = len(whole.get("candidates") or ())
        chosen = teller.nominee(outcome)
        if chosen is None:
            return None
        for victim in chosen.victims:
            loader.delete(victim)
        loader.cluster.nominate(pod, chosen.node)
        return self._decide(pod)[1]
