"""L3: pods that arrive by an arrival process, with drawn lifetimes and requests.

Law: arrivals, lifetimes and each resource's requests have a stream each, so that a change of one
leaves the others as they were; template i is used by every i-th pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simk8s.workload import distributions
from simk8s.workload.columns import FOREVER, PodColumns, StreamsLike, slices
from simk8s.workload.rates import Changes, changed_times

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simk8s.kernel.draws import IntegerDraws
    from simk8s.workload.arrivals.base import ArrivalProcess


class PodDraws:
    """What is drawn for each pod of one workload entry: its lifetime, its requests."""

    def __init__(
        self, name: str, lifetime: object = None, requests: Mapping[str, object] | None = None
    ) -> None:
        self._name = name
        self._lifetime = None if lifetime is None else distributions.lifetimes(lifetime)
        self._requests: dict[str, IntegerDraws] = {
            resource: distributions.amounts(resource, spec)
            for resource, spec in (requests or {}).items()
            if spec is not None
        }

    def lifetime_us(self, streams: StreamsLike, n: int) -> NDArray[np.int64]:
        """Lifetimes of the next n pods."""
        import numpy as np

        if self._lifetime is None:
            return np.full(n, FOREVER, np.int64)
        return self._lifetime(streams.get(f"workload/{self._name}/lifetime"), n)

    def requests(self, streams: StreamsLike, n: int) -> dict[str, NDArray[np.int64]]:
        """Requests of the next n pods, by resource name; empty where the template's hold."""
        return {
            resource: draw(streams.get(f"workload/{self._name}/requests/{resource}"), n)
            for resource, draw in self._requests.items()
        }


@dataclass(frozen=True, slots=True)
class ArrivalSource:
    """A workload entry with `arrivals`."""

    name: str
    namespace: str
    templates: Sequence[Mapping[str, Any]]
    process: ArrivalProcess
    draws: PodDraws
    gpu_model_sets: Sequence[frozenset[str]] = field(default=())
    drop_unfit: bool = False
    changes: Changes = ()
    """Of its rate, on the way."""

    def chunks(self, streams: StreamsLike, horizon_us: int) -> Iterator[PodColumns]:
        """All pods that arrive up to and including the horizon."""
        import numpy as np

        stream = f"workload/{self.name}/arrivals"
        if self.changes:
            times = changed_times(self.process, self.changes, streams, stream, horizon_us)
        else:
            times = self.process.times(streams.get(stream), horizon_us)
        for rows in slices(len(times)):
            n = rows.stop - rows.start
            ordinal = np.arange(rows.start, rows.stop) % len(self.templates)
            yield PodColumns(
                when_us=times[rows],
                template=ordinal.astype(np.int32),
                lifetime_us=self.draws.lifetime_us(streams, n),
                requests=self.draws.requests(streams, n),
            )
