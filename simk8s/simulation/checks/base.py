"""What both checks share: a verdict a rule, worlds to run in, and traps for what is forbidden.

Law: a check runs the extension in whole simulated worlds, as a scenario would; a rule that is
broken is told in words and stops nothing, so that one look shows all.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from pydantic import BaseModel

from simk8s.catalog import Catalog
from simk8s.errors import InvariantError, UserError
from simk8s.kernel.clock import StopReason
from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import Loaded, load
from simk8s.simulation.build import Options, World, build
from simk8s.simulation.tables import write_pods
from simk8s.state.audit import audit


class Broken(Exception):  # a verdict, not an error
    """A rule is broken; the text says how."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule; `broken` is empty where it is kept."""

    rule: str
    broken: str = ""


class Swapped(Catalog):
    """A catalogue in which one class is another, which watches it."""

    def __init__(self, base: Path, folder: str, name: str, made: type) -> None:
        super().__init__(base)
        self._swap = (folder, name, made)

    def resolve(self, folder: str, name: str) -> type:
        """The watching class in place of the watched one."""
        known, swapped, made = self._swap
        return made if (folder, name) == (known, swapped) else super().resolve(folder, name)


def loaded(text: str, catalog: Catalog) -> Loaded:
    """A scenario that stands in no file."""
    return load(Path("check.yaml"), catalog=catalog, knowledge=machines(), text=text)


def run(scenario: Loaded, then: Callable[[World], None] | None = None) -> tuple[World, str]:
    """Simulate to the end, recount everything; the world and its digest."""
    horizon_us = scenario.scenario.duration
    world = build(scenario, seed=7, horizon_us=horizon_us, options=Options())
    if then is not None:
        then(world)
    world.start()
    reason = world.clock.run(horizon_us)
    if reason is StopReason.LIVELOCK:
        words = ", ".join(world.clock.livelock_components)
        raise Broken(f"time stands still: {words} keep waking each other")
    audit(world.cluster)
    write_pods(world.cluster, world.recorder)
    return world, world.recorder.digest()


def judged(rule: str, check: Callable[[], object]) -> Verdict:
    """One rule; whatever goes wrong inside the extension breaks it."""
    try:
        check()
    except Broken as broken:
        return Verdict(rule, str(broken))
    except InvariantError as error:
        return Verdict(rule, f"the state is wrong afterwards: {error}")
    except UserError as error:
        return Verdict(rule, "; ".join(problem.message for problem in error.problems))
    except Exception as error:
        return Verdict(rule, f"{type(error).__name__}: {error}")
    return Verdict(rule)


def params_of(base: Path, folder: str, name: str) -> type[BaseModel]:
    """The `Params` beside it; UserError where there is no such extension."""
    return Catalog(base).params_of(folder, name)


_FORBIDDEN: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (time, ("time", "time_ns", "sleep")),
    (
        importlib.import_module("random"),
        ("random", "randint", "choice", "choices", "shuffle", "sample", "uniform"),
    ),
    (np.random, ("random", "rand", "randint", "choice", "shuffle", "permutation")),
)


@contextmanager
def trapped() -> Iterator[None]:
    """The wall clock and global randomness are out of reach."""
    before = [(where, name, getattr(where, name)) for where, names in _FORBIDDEN for name in names]
    for where, name, _ in before:
        setattr(where, name, _trap(f"{where.__name__}.{name}"))
    try:
        yield
    finally:
        for where, name, found in before:
            setattr(where, name, found)


def _trap(name: str) -> Callable[..., NoReturn]:
    def stepped_on(*args: object, **more: object) -> NoReturn:
        raise Broken(f"it calls {name}: results would not come out twice")

    return stepped_on
