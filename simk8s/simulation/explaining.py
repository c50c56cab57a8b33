"""Decisions recorded in full for some pods, on demand.

Law: observing changes nothing. An explanation is computed beside the decision, on the same view
and with a copy of the search's state, and goes to a table of its own that no digest covers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from simk8s.placement.base import Query
from simk8s.placement.explain import explain
from simk8s.placement.framework import Framework
from simk8s.placement.view import View
from simk8s.record.recorder import Recorder
from simk8s.scenario.podnames import PodSelector
from simk8s.strategies.base import Plan, QueueRow, Strategy

MOST = 10_000
"""Attempts that are recorded; later ones are not."""


class Explained(Strategy):
    """A strategy that answers as the one it wraps, and writes down why."""

    def __init__(
        self, inner: Strategy, view: View, recorder: Recorder, selector: PodSelector
    ) -> None:
        self.inner = inner
        self.name = inner.name  # type: ignore[misc]
        self.batch = inner.batch
        self.settings = inner.settings
        self.framework = inner.framework
        self._view = view
        self._rows = recorder.explanations
        self._selector = selector

    def handles(self, query: Query) -> bool:
        """As the strategy says."""
        return self.inner.handles(query)

    def framework_of(self, query: Query) -> Framework:
        """As the strategy says."""
        return self.inner.framework_of(query)

    def queue_rows(self) -> Iterable[QueueRow]:
        """As the strategy says."""
        return self.inner.queue_rows()

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """The strategy's plan; the pods meant are explained on the state it was made on."""
        return self._explained(self.inner.propose, pending, now_us)

    def propose_together(self, pending: Sequence[Query], now_us: int) -> Plan:
        """As `propose`, each pod of the group explained as if it came alone."""
        return self._explained(self.inner.propose_together, pending, now_us)

    def _explained(
        self, propose: Callable[[Sequence[Query], int], Plan], pending: Sequence[Query], now_us: int
    ) -> Plan:
        details = [(query, self._explain(query)) for query in pending if self._meant(query)]
        plan = propose(pending, now_us)
        placed = {a.pod: a.node for a in plan.assignments}
        for query, detail in details:
            self._record(query, now_us, placed.get(query.pod), detail)
        return plan

    def _meant(self, query: Query) -> bool:
        template = query.template
        name = self._view.cluster.name_of(query.pod)
        return len(self._rows) < MOST and self._selector.means(
            template.namespace, name, template.labels
        )

    def _explain(self, query: Query) -> dict[str, Any]:
        query.nominated = self._view.pods.nominated[query.pod]
        framework = self.inner.framework_of(query)
        return asdict(explain(framework, query, self._view, self.inner.search_of(query)))

    def _record(self, query: Query, now_us: int, node: int | None, detail: dict[str, Any]) -> None:
        cluster = self._view.cluster
        self._rows.append(
            (
                now_us,
                query.pod,
                cluster.pods.attempts[query.pod] + 1,
                query.template.namespace,
                cluster.name_of(query.pod),
                None if node is None else cluster.nodes.specs[node].name,
                json.dumps(detail, separators=(",", ":")),
            )
        )
