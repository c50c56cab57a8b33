"""L3: pods to come, as columns, and the protocol of whatever yields them.

Law: rows are in order of time, ties in the order in which they were made; a chunk has at most
65,536 rows; what a source yields depends on its parameters and its own random streams alone. A
longer horizon appends rows and changes none of the earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from simk8s.errors import InvariantError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK = 65_536
FOREVER = -1
"""Lifetime of a pod that runs until somebody deletes it."""
ANY_MODEL = -1
"""In `gpu_models`: every GPU model will do."""


@dataclass(frozen=True, slots=True)
class PodColumns:
    """Pods to create, one row each. Requests override those of the template, by resource name."""

    when_us: NDArray[np.int64]
    template: NDArray[np.int32]
    lifetime_us: NDArray[np.int64]
    requests: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    gpu_count: NDArray[np.int16] | None = None
    gpu_milli: NDArray[np.int32] | None = None
    gpu_models: NDArray[np.int32] | None = None
    names: list[str] | None = None

    def __post_init__(self) -> None:
        n = len(self.when_us)
        optional = (self.gpu_count, self.gpu_milli, self.gpu_models, self.names)
        lengths = [len(self.template), len(self.lifetime_us)]
        lengths += [len(column) for column in self.requests.values()]
        lengths += [len(column) for column in optional if column is not None]
        if any(length != n for length in lengths):
            raise InvariantError(f"columns of different lengths, {n} rows expected")
        if n > CHUNK:
            raise InvariantError(f"a chunk of {n} rows, at most {CHUNK} are allowed")
        if (self.when_us[1:] < self.when_us[:-1]).any():
            raise InvariantError("arrival times fall within a chunk")

    def __len__(self) -> int:
        return len(self.when_us)


class StreamsLike(Protocol):
    """Named random streams, as `kernel/streams.py` has them."""

    def get(self, name: str) -> np.random.Generator: ...


class Source(Protocol):
    """One workload entry's pods; `templates` are the raw manifests that `template` counts."""

    @property
    def name(self) -> str: ...

    @property
    def namespace(self) -> str: ...

    @property
    def templates(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def gpu_model_sets(self) -> Sequence[frozenset[str]]:
        """What `PodColumns.gpu_models` counts: sets of allowed GPU models."""
        ...

    @property
    def drop_unfit(self) -> bool:
        """A pod that does not fit at its first attempt is recorded and dropped, never retried."""
        ...

    def chunks(self, streams: StreamsLike, horizon_us: int) -> Iterator[PodColumns]:
        """All pods that arrive up to and including the horizon."""
        ...


def slices(n: int) -> Iterator[slice]:
    """Rows 0…n in chunks."""
    for start in range(0, n, CHUNK):
        yield slice(start, min(n, start + CHUNK))
