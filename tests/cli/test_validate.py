"""`simk8s validate`: quick, light, every problem, exit 2."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPILED = Path(tempfile.gettempdir()) / f"simk8s-compiled-{os.getuid()}"
HEAVY = ("numpy", "polars", "simpy", "scipy", "ortools", "plotly")


def test_a_good_file_is_ok(simk8s):
    result = simk8s("validate", "tiny.yaml")
    assert (result.code, result.out, result.err) == (0, "tiny.yaml: ok\n", "")


def test_every_problem_of_every_file_is_printed(simk8s, here):
    text = (here / "tiny.yaml").read_text()
    (here / "bad.yaml").write_text(text.replace("count: 2", "cuont: 2").replace("5/min", "5"))
    result = simk8s("validate", "bad.yaml", "tiny.yaml", "absent.yaml")
    assert result.code == 2
    assert result.out == "tiny.yaml: ok\n"
    lines = result.err.splitlines()
    assert lines[0].startswith("bad.yaml:5:31: E101 unknown key 'cuont'")
    assert lines[1] == "    did you mean 'count'?"
    assert any(line.startswith("bad.yaml:8:32: E104") for line in lines)
    assert any(line.startswith("absent.yaml:1:1: E001") for line in lines)


def test_warnings_are_printed_and_do_not_fail(simk8s, here):
    text = (here / "tiny.yaml").read_text()
    (here / "tiny.yaml").write_text(text.replace("cpu: 500m", "cpu: 500"))
    result = simk8s("validate", "tiny.yaml")
    assert (result.code, result.out) == (0, "tiny.yaml: ok, 1 warning\n")
    assert "W101" in result.err


def test_a_folder_stands_for_its_files(simk8s, here):
    assert simk8s("validate", here).out.endswith("tiny.yaml: ok\n")
    (here / "empty").mkdir()
    result = simk8s("validate", "empty")
    assert (result.code, "no YAML" in result.err) == (2, True)


def _validate(*lines):
    code = "\n".join(["import sys", "from simk8s.cli.main import main, run", *lines])
    return _python(code, "validate", str(ROOT / "scenarios" / "quickstart.yaml"))


def _python(code, *arguments):
    """A process of its own, and the CPU seconds that it took."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(COMPILED)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as where a user has installed it
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return result, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_quickstart_is_validated_within_half_a_second():
    """On a machine that imports typer, pydantic and PyYAML in 0.13 s; a busy or slow one takes as
    much longer for these as for the rest. Both are measured by turns, and each by its best.
    """
    _validate("run()")  # compiled files are there from now on
    libraries, ours = [], []
    for _ in range(5):
        result, cpu_seconds = _validate("run()")
        assert result.returncode == 0, result.stderr
        ours.append(cpu_seconds)
        libraries.append(_python("import typer, pydantic, yaml, rich.console")[1])
    told = f"{min(ours):.2f} s of CPU, {min(libraries):.2f} s for libraries"
    assert min(ours) / min(libraries) * 0.13 < 0.5, told


def test_no_heavy_module_is_imported():
    result, _ = _validate("main()", f"print([m for m in {HEAVY!r} if m in sys.modules])")
    assert result.stdout.splitlines()[-1] == "[]", result.stdout + result.stderr
