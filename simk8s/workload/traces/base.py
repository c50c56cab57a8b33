"""What a trace importer is, and the nodes it finds.

Law: an importer is a class made from its file's `Params` (validated) and the folder that paths are
relative to; what is wrong in a trace file is a `UserError` with file and line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from simk8s.workload.columns import Source


@dataclass(frozen=True, slots=True)
class TraceNode:
    """A machine of a trace. Traces list what pods may use, so nothing is reserved."""

    name: str
    cpu_milli: int
    memory_bytes: int
    gpu_count: int = 0
    gpu_model: str | None = None
    max_pods: int = 110
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a new scenario refers to, for a line of summary."""

    out: Path
    nodes: int
    gpus: int
    pods: int


class Trace(Protocol):
    """`Trace(params, base)`; `nodes` needs no instance, since node groups name a file alone."""

    def __init__(self, params: Any, base: Path) -> None: ...

    @staticmethod
    def nodes(path: Path, only: str | None = None) -> list[TraceNode]:
        """The machines of a file, in its order."""
        ...

    def source(self, name: str, namespace: str) -> Source:
        """The pods of the file that the parameters name."""
        ...
