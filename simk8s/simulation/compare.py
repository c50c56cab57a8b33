"""Run several variants on the same seeds: common random numbers, one folder a run.

Law: a run in a comparison is the run that `run_scenario` would do alone; jobs only change when it
is done.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from simk8s.schema.manifest import MANIFEST_NAME, CompareManifest
from simk8s.simulation.build import Options
from simk8s.simulation.run import run_scenario

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

    from simk8s.catalog import CatalogLike
    from simk8s.scenario.load import Loaded

Override = tuple[str, str]
Report = Callable[[str, int], None]
_POLL_SECONDS = 0.2


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
    bounds: bool


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
    bounds: bool = True,
    report: Report | None = None,
    interrupt: threading.Event | None = None,
) -> Path:
    """Run every variant on every seed into `out/<variant>/<seed>/` and write compare.json last.

    `report(variant, seed)` is called as each run ends. Finished runs stay if a later one fails.
    With `bounds`, runs say what no strategy could have beaten.
    Once `interrupt` is set, running ones end at their next instant and no other starts.
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
            bounds,
        )
        for seed in seeds
        for variant in variants
    ]
    out.mkdir(parents=True, exist_ok=True)
    (out / CompareManifest.NAME).unlink(missing_ok=True)
    for task in tasks:
        # What an earlier comparison left here must not pass for a run of this one.
        (Path(task.folder) / MANIFEST_NAME).unlink(missing_ok=True)
    told, stop = report or (lambda variant, seed: None), interrupt or threading.Event()
    if jobs > 1:
        _run_pool(tasks, jobs, told, stop)
    else:
        _run_here(tasks, loaded.catalog, told, stop)
    names = [variant.name for variant in variants]
    manifest = CompareManifest(variants=names, seeds=list(seeds), command=command)
    _write(out / CompareManifest.NAME, manifest)
    return out


def _run_here(
    tasks: Sequence[_Task], catalog: CatalogLike, report: Report, interrupt: threading.Event
) -> None:
    for task in tasks:
        if interrupt.is_set():
            return
        _run(task, interrupt, catalog)
        report(task.variant, task.seed)


def _run_pool(
    tasks: Sequence[_Task], jobs: int, report: Report, interrupt: threading.Event
) -> None:
    spawn = get_context("spawn")
    stop = spawn.Event()
    with ProcessPoolExecutor(jobs, spawn, _start_worker, (stop,)) as pool:
        with _workers_without_interrupts():
            waiting = {pool.submit(_run_in_worker, task): task for task in tasks}
        try:
            while waiting:
                _collect(waiting, report)
                if interrupt.is_set() and not stop.is_set():
                    _cancel(waiting, stop)
        except BaseException:
            _cancel(waiting, stop)
            raise


def _cancel(waiting: Iterable[Future[bool]], stop: Event) -> None:
    """Nothing new starts, what runs ends at its next instant; leaving the pool waits for that."""
    stop.set()
    for future in waiting:
        future.cancel()


def _collect(waiting: dict[Future[bool], _Task], report: Report) -> None:
    """Take out what is done. `wait` never returns what was cancelled without being told so."""
    done, _ = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
    for future in [future for future in waiting if future in done or future.cancelled()]:
        task = waiting.pop(future)
        if not future.cancelled() and future.result():
            report(task.variant, task.seed)


@contextmanager
def _workers_without_interrupts() -> Iterator[None]:
    """Ctrl-C reaches the whole process group; only the parent decides what becomes of it.

    Workers inherit the mask, so that they are safe from their first instruction on.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_stopped = threading.Event()
"""In a worker: the parent asked for an early end."""


def _start_worker(stop: Event) -> None:
    """Turn the parent's flag into one that costs nothing to look at."""

    def watch() -> None:
        stop.wait()
        _stopped.set()

    threading.Thread(target=watch, daemon=True).start()


def _run_in_worker(task: _Task) -> bool:
    """Whether the run was begun."""
    if _stopped.is_set():
        return False
    _run(task, _stopped)
    return True


def _run(task: _Task, interrupt: threading.Event, catalog: CatalogLike | None = None) -> None:
    from simk8s.nodes.knowledge import machines
    from simk8s.scenario.load import load

    loaded = load(
        task.source,
        catalog=catalog,
        knowledge=machines(),
        overrides=list(task.overrides),
        text=task.text,
    )
    run_scenario(
        loaded,
        out=Path(task.folder),
        seed=task.seed,
        until_us=task.until_us,
        variant=task.variant,
        command=task.command,
        audit=task.audit,
        interrupt=interrupt,
        options=Options(bounds=task.bounds),
    )


def _write(target: Path, manifest: CompareManifest) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    text = json.dumps(manifest.model_dump(mode="json"), indent=2)
    temporary.write_text(text + "\n", encoding="utf-8")
    os.replace(temporary, target)
