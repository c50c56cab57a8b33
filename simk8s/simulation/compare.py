"""Run several variants on the same seeds: common random numbers, one folder a run.

Law: a run in a comparison is the run that `run_scenario` would do alone; jobs only change when it
is done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from simk8s.schema.manifest import CompareManifest
from simk8s.simulation.run import run_scenario

if TYPE_CHECKING:
    from simk8s.scenario.load import Loaded

Override = tuple[str, str]
Report = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """A name and what it changes in the scenario."""

    name: str
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class _Task:
    source: str
    text: str
    overrides: tuple[Override, ...]
    variant: str
    seed: int
    until_us: int | None
    folder: str
    command: str
    audit: bool


def compare(
    loaded: Loaded,
    variants: Sequence[Variant],
    seeds: Sequence[int],
    *,
    out: Path,
    jobs: int = 1,
    until_us: int | None = None,
    command: str = "",
    audit: bool = False,
    report: Report | None = None,
) -> Path:
    """Run every variant on every seed into `out/<variant>/<seed>/` and write compare.json last.

    `report(variant, seed)` is called as each run ends. Finished runs stay if a later one fails.
    """
    tasks = [
        _Task(
            str(loaded.source),
            loaded.written,
            tuple(loaded.overrides) + variant.overrides,
            variant.name,
            seed,
            until_us,
            str(out / variant.name / str(seed)),
            command,
            audit,
        )
        for seed in seeds
        for variant in variants
    ]
    out.mkdir(parents=True, exist_ok=True)
    (out / CompareManifest.NAME).unlink(missing_ok=True)
    _run_all(tasks, jobs, report or (lambda variant, seed: None))
    names = [variant.name for variant in variants]
    manifest = CompareManifest(variants=names, seeds=list(seeds), command=command)
    _write(out / CompareManifest.NAME, manifest)
    return out


def _run_all(tasks: Sequence[_Task], jobs: int, report: Report) -> None:
    if jobs <= 1:
        for task in tasks:
            _run(task)
            report(task.variant, task.seed)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting: dict[Future[None], _Task] = {pool.submit(_run, task): task for task in tasks}
        try:
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    task = waiting.pop(future)
                    future.result()
                    report(task.variant, task.seed)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run(task: _Task) -> None:
    from simk8s.nodes.knowledge import machines
    from simk8s.scenario.load import load

    loaded = load(task.source, knowledge=machines(), overrides=list(task.overrides), text=task.text)
    run_scenario(
        loaded,
        out=Path(task.folder),
        seed=task.seed,
        until_us=task.until_us,
        variant=task.variant,
        command=task.command,
        audit=task.audit,
    )


def _write(target: Path, manifest: CompareManifest) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    text = json.dumps(manifest.model_dump(mode="json"), indent=2)
    temporary.write_text(text + "\n", encoding="utf-8")
    os.replace(temporary, target)
