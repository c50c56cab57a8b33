"""Turns a source's columns into pods: rows in bulk beforehand, POSTs at their instants.

Law: a feeder wakes once per distinct instant and writes everything due then as one batch; it
holds one chunk of a source at a time. Where the cluster knows PodGroups, that of a gang is POSTed
before the gang's first pod.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simk8s.api.client import Client
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.state.podgroups import PODGROUPS, PodGroup, gang_size
from simk8s.state.pods import NEVER, UNBORN
from simk8s.state.requests import NO_GPU, GpuRequest, drawn_in_bulk, drawn_requests
from simk8s.state.shapes import PodTemplate
from simk8s.workload.columns import ANY_MODEL, PodColumns, Source, StreamsLike


class Feeder:
    """Feeds one source into the API."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client: Client,
        source: Source,
        streams: StreamsLike,
        *,
        grouped: bool = False,
    ) -> None:
        self._store = store
        self._cluster = store.cluster
        self._client = client
        self._create = client.sender(store.create_pods)
        self._source = source
        self._streams = streams
        self._bell = clock.bell(f"arrivals/{source.name}", Order.ARRIVE, self._feed)
        self._chunks: Iterator[PodColumns] = iter(())
        self._templates: list[PodTemplate] = []
        self._when = [NEVER]
        """Instants of the chunk, and after them `NEVER`."""
        self._first = 0
        self._next = 0
        self._count = 0
        self._grouped = grouped
        self._groups: dict[int, PodTemplate] = {}
        """Templates of gangs whose PodGroup is still to be written."""
        self.workload = self._cluster.workload(source.name)
        if source.drop_unfit:
            self._cluster.drops_unfit.add(self.workload)

    def start(self, horizon_us: int) -> None:
        """Read the templates and arm the first arrival."""
        parse = self._cluster.templates.parse
        self._templates = [parse(raw, self._source.namespace) for raw in self._source.templates]
        if self._grouped:
            self._groups = {t.id: t for t in self._templates if gang_size(t) > 1}
        self._chunks = self._source.chunks(self._streams, horizon_us)
        self._advance()

    def _advance(self) -> None:
        while self._when[self._next] == NEVER:
            columns = next(self._chunks, None)
            if columns is None:
                return
            self._first = self._allocate(columns)
            self._when = [*columns.when_us.tolist(), NEVER]
            self._next = 0
        self._bell.ring_at(self._when[self._next])

    def _feed(self, now_us: int) -> None:
        when, place = self._when, self._next
        due_us = now_us
        while due_us == now_us:
            pod = self._first + place
            if self._groups:
                self._bring_group(pod)
            self._create((pod,))
            place += 1
            due_us = when[place]
        self._next = place
        if due_us == NEVER:
            self._advance()
        else:
            self._bell.ring_at(due_us)

    def _bring_group(self, pod: int) -> None:
        template = self._groups.pop(self._cluster.pods.template[pod], None)
        if template is not None:
            create = self._store.objects(PODGROUPS).create
            key = f"{template.namespace}/{template.group}"
            self._client.write(create, key, PodGroup(gang_size(template)))

    def _allocate(self, columns: PodColumns) -> int:
        """Unborn rows for a chunk; the first of them."""
        templates = self._templates
        ids = np.array([t.id for t in templates], np.int32)[columns.template]
        priorities = np.array([t.priority for t in templates], np.int32)[columns.template]
        rows = self._cluster.pods.extend(
            len(columns),
            template=ids,
            requests=self._requests(columns),
            workload=self.workload,
            ordinal=np.arange(self._count, self._count + len(columns), dtype=np.int32),
            priority=priorities,
            phase=UNBORN,
            lifetime_us=columns.lifetime_us,
        )
        self._count += len(columns)
        if columns.names is not None:
            self._cluster.pods.names.update(zip(rows, columns.names, strict=True))
        return rows.start

    def _requests(self, columns: PodColumns) -> NDArray[np.int32]:
        own = [template.requests for template in self._templates]
        if not columns.requests and columns.gpu_count is None:
            return np.array([r.id for r in own], np.int32)[columns.template]
        bases = [own[i] for i in columns.template.tolist()]
        drawn = {self._cluster.resources[n]: c.tolist() for n, c in columns.requests.items()}
        if columns.gpu_count is None:
            return np.array(drawn_in_bulk(self._cluster.requests, bases, drawn), np.int32)
        gpus = self._gpus(columns)
        found = [
            drawn_requests(
                self._cluster.requests,
                base,
                {row: values[i] for row, values in drawn.items()},
                gpus[i],
            ).id
            for i, base in enumerate(bases)
        ]
        return np.array(found, np.int32)

    def _gpus(self, columns: PodColumns) -> list[GpuRequest]:
        assert columns.gpu_count is not None, "devices were drawn"
        sets = self._source.gpu_model_sets
        counts = columns.gpu_count.tolist()
        millis = [1000] * len(counts) if columns.gpu_milli is None else columns.gpu_milli.tolist()
        models = (
            [ANY_MODEL] * len(counts) if columns.gpu_models is None else columns.gpu_models.tolist()
        )
        return [
            GpuRequest(count, milli, None if model == ANY_MODEL else sets[model])
            if count
            else NO_GPU
            for count, milli, model in zip(counts, millis, models, strict=True)
        ]
