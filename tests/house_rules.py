"""House rules that no linter knows: `python tests/house_rules.py` lists the offenders, exit 1.

Functions of at most 60 lines, files of at most 400, no leftovers, and nothing that reads a wall
clock or draws from a global generator where a simulation could see it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "simk8s"
MAX_FUNCTION = 60
MAX_FILE = 400
LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
MEASURES_ITSELF = ("simk8s/cli/", "simk8s/simulation/run.py")
"""Where stopwatches may run: nothing there is simulated."""

STOPWATCHES = {
    f"time.{name}{suffix}"
    for name in ("monotonic", "perf_counter", "process_time", "thread_time")
    for suffix in ("", "_ns")
}
WALL_CLOCKS = {
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.ctime",
    "time.strftime",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}
CHANCE = ("random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom")
SEEDED = {"Generator", "SeedSequence", "BitGenerator", "PCG64", "PCG64DXSM", "Philox", "SFC64"}
"""Names of numpy.random that draw nothing by themselves; `default_rng` only with a seed."""

Offence = tuple[int, str]


def aliases(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: {"np": "numpy", "now": "time.time"}."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                whole = each.name if each.asname else each.name.split(".")[0]
                names[each.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for each in node.names:
                names[each.asname or each.name] = f"{node.module}.{each.name}"
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str | None:
    """`np.random.rand` is `numpy.random.rand`; None if it does not begin with an import."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return None
    return ".".join([names[node.id], *reversed(parts)])


def is_chance(name: str) -> bool:
    """Does the name, as such, reach for randomness that no seed of ours governs?"""
    if name.startswith("numpy.random."):
        return name.split(".")[2] not in SEEDED | {"default_rng"}
    return any(name == each or name.startswith(f"{each}.") for each in CHANCE)


def forbidden(name: str, measures_itself: bool) -> str | None:
    """Why a simulation must not use the name, if it must not."""
    if name in WALL_CLOCKS and not measures_itself:
        return f"{name} reads the wall clock"
    if name in STOPWATCHES and not measures_itself:
        return f"{name} is a stopwatch"
    if is_chance(name):
        return f"{name} draws from a generator that no stream seeds"
    return None


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{each.name}") for each in node.names)


def time_and_chance(tree: ast.Module, measures_itself: bool) -> Iterator[Offence]:
    """Uses of the wall clock and of chance, by import or by attribute."""
    names = aliases(tree)
    used = list(imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (name := full_name(node, names)):
            used.append((node.lineno, name))
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = full_name(node.func, names)
            if name == "numpy.random.default_rng":
                yield node.lineno, f"{name} without a seed"
    for line, name in used:
        if reason := forbidden(name, measures_itself):
            yield line, reason


def long_functions(tree: ast.Module) -> Iterator[Offence]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION:
                yield node.lineno, f"{node.name} has {lines} lines, more than {MAX_FUNCTION}"


def leftovers(text: str) -> Iterator[Offence]:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := LEFTOVERS.search(line):
            yield number, f"{found.group()} is a promise, not code"


def offences(text: str, path: str) -> list[str]:
    """All offences of one file, `path` relative to the root with forward slashes."""
    tree = ast.parse(text)
    found: list[Offence] = [*long_functions(tree), *leftovers(text)]
    found += time_and_chance(tree, path.startswith(MEASURES_ITSELF))
    lines = len(text.splitlines())
    if lines > MAX_FILE:
        found.append((lines, f"{lines} lines, more than {MAX_FILE}"))
    return [f"{path}:{line}: {words}" for line, words in sorted(set(found))]


def main() -> int:
    """List the offenders of the package."""
    found: list[str] = []
    for file in sorted(PACKAGE.rglob("*.py")):
        found += offences(file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix())
    print("\n".join(found) if found else "house rules: kept")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
