"""The only writer of result rows.

Law: a folder holds either all tables of a run or none that changed: everything is written under
temporary names, then renamed. An interrupted run seals what there is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from simk8s.record.digest import digest_of
from simk8s.record.writer import CHUNK, TableWriter
from simk8s.schema.columns import Table
from simk8s.schema.damage import DAMAGE
from simk8s.schema.folder import RARE, SPARSE
from simk8s.schema.manifest import MANIFEST_NAME, CompareManifest, Manifest
from simk8s.schema.solver import EXACT, SOLVER
from simk8s.schema.tables import DIGESTED, OPTIONAL, TABLES

LEVEL = 1
"""Of zstd: two thirds of the time of its default, 3, for files that are a tenth larger."""


class Recorder:
    """A writer for every table: `recorder.pods.append((...))`."""

    pods: TableWriter
    nodes: TableWriter
    timeseries: TableWriter
    node_samples: TableWriter
    decisions: TableWriter
    reasons: TableWriter
    solves: TableWriter
    faults: TableWriter
    controllers: TableWriter
    api_requests: TableWriter
    explanations: TableWriter
    actions: TableWriter
    usage: TableWriter
    cloud_calls: TableWriter
    availability: TableWriter
    dips: TableWriter
    dip_steps: TableWriter
    workload_losses: TableWriter
    work: TableWriter
    disruptions: TableWriter
    node_use: TableWriter
    fragmentation: TableWriter
    solve_curve: TableWriter
    bounds: TableWriter
    queues: TableWriter

    def __init__(self, tables: Mapping[str, Table] = TABLES, **wanted: bool) -> None:
        """`explain`, `actions`, `usage`, `cloud_calls`: tables that not every run has."""
        names = {"explanations" if name == "explain" else name for name, on in wanted.items() if on}
        more = [name for name in OPTIONAL if name in names]
        self._digested = {**tables, **{n: OPTIONAL[n] for n in more if n in DIGESTED}}
        tables = {**tables, **{name: OPTIONAL[name] for name in more}}
        self._tables = {**tables, **SPARSE}
        self._writers = {name: TableWriter(table) for name, table in self._tables.items()}
        self._rows = [writer.rows for writer in self._writers.values()]
        self.__dict__.update(self._writers)  # plain attributes: nothing to look up per row

    def compact(self) -> None:
        """Turn full chunks into columns; cheap, call it at every sample."""
        if max(map(len, self._rows)) >= CHUNK:
            for writer in self._writers.values():
                writer.compact()

    def digest(self) -> str:
        """Digest of the tables so far."""
        return self._digest(self._frames())

    def seal(self, folder: Path) -> str:
        """Write every table as Parquet and return the digest."""
        frames = self._frames()
        folder.mkdir(parents=True, exist_ok=True)
        written: list[tuple[Path, Path]] = []
        try:
            for name, frame in frames.items():
                target = folder / f"{name}.parquet"
                temporary = folder / f".{name}.parquet.tmp"
                written.append((temporary, target))
                frame.write_parquet(temporary, compression="zstd", compression_level=LEVEL)
        except BaseException:
            for temporary, _ in written:
                temporary.unlink(missing_ok=True)
            raise
        (folder / MANIFEST_NAME).unlink(missing_ok=True)  # it belonged to the tables before
        for temporary, target in written:
            os.replace(temporary, target)
        for name in RARE:
            if name not in frames:
                (folder / f"{name}.parquet").unlink(missing_ok=True)
        return self._digest(frames)

    def _digest(self, frames: Mapping[str, pl.DataFrame]) -> str:
        rare = {**DAMAGE, **{name: SOLVER[name] for name in EXACT}}
        found = [table for name, table in rare.items() if name in frames]
        return digest_of(frames, [*self._digested.values(), *found])

    def _frames(self) -> dict[str, pl.DataFrame]:
        """Tables of damage, of solvers and beside the digest only where they have anything."""
        found = {name: writer.frame() for name, writer in self._writers.items()}
        return {name: frame for name, frame in found.items() if frame.height or name not in SPARSE}


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write manifest.json, the last file of a run."""
    return _write_json(folder / MANIFEST_NAME, manifest)


def write_compare_manifest(folder: Path, manifest: CompareManifest) -> Path:
    """Write compare.json, which says what runs are below the folder."""
    return _write_json(folder / CompareManifest.NAME, manifest)


def _write_json(target: Path, model: BaseModel) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    text = json.dumps(model.model_dump(mode="json"), indent=2, ensure_ascii=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    os.replace(temporary, target)
    return target
