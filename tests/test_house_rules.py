"""The house is in order, and the script that says so can say no."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location(
    "house_rules", Path(__file__).with_name("house_rules.py")
)
assert spec is not None
assert spec.loader is not None
house_rules = importlib.util.module_from_spec(spec)
spec.loader.exec_module(house_rules)


def test_the_package_keeps_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert house_rules.main() == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import time\nx = time.time()", "2: time.time reads the wall clock"),
        ("from time import time", "1: time.time reads"),
        ("import time as t\nt.perf_counter()", "2: time.perf_counter is a stopwatch"),
        ("from time import monotonic_ns", "1: time.monotonic_ns is a stopwatch"),
        ("import datetime\ndatetime.datetime.now()", "2: datetime.datetime.now reads"),
        ("from datetime import datetime as d\nd.now()", "2: datetime.datetime.now reads"),
        ("import random", "1: random draws"),
        ("from random import Random", "1: random.Random draws"),
        ("import numpy as np\nnp.random.rand(3)", "2: numpy.random.rand draws"),
        ("import numpy as np\nnp.random.seed(3)", "2: numpy.random.seed draws"),
        ("from numpy.random import normal", "1: numpy.random.normal draws"),
        ("from numpy import random\nrandom.shuffle([1])", "2: numpy.random.shuffle draws"),
        ("import numpy as np\nnp.random.default_rng()", "2: numpy.random.default_rng without"),
        ("import uuid\nuuid.uuid4()", "2: uuid.uuid4 draws"),
        ("x = 1  # TO" + "DO later", "1: TO" + "DO is a promise"),
        ("def f():\n    raise NotImplemented" + "Error", "2: NotImplemented" + "Error is"),
        ("def f():\n" + "    x = 1\n" * 60, "1: f has 61 lines"),
        ("\n".join(["x = 1"] * 401), "401: 401 lines"),
    ],
)
def test_offences_are_found_and_named(text: str, words: str) -> None:
    found = house_rules.offences(text, "simk8s/nodes/pool.py")
    assert any(each.startswith(f"simk8s/nodes/pool.py:{words}") for each in found), found


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\nrng = np.random.default_rng(3)\nrng.random()",
        "from numpy.random import PCG64, Generator, SeedSequence",
        "import time\ntime.sleep",
        "def random(): ...\nrandom()",
        "class A:\n    time = 1\nA().time",
        "from simk8s.kernel.streams import random_things",
        "def f():\n" + "    x = 1\n" * 59,
        "\n".join(["x = 1"] * 400),
        "from datetime import timedelta",
    ],
)
def test_what_is_allowed_is_let_through(text: str) -> None:
    assert house_rules.offences(text, "simk8s/nodes/pool.py") == []


def test_stopwatches_may_run_where_nothing_is_simulated() -> None:
    text = "import time\ntime.perf_counter()\ntime.time()"
    assert house_rules.offences(text, "simk8s/simulation/run.py") == []
    assert house_rules.offences(text, "simk8s/cli/main.py") == []
    assert len(house_rules.offences(text, "simk8s/simulation/build.py")) == 2
    assert house_rules.offences("import random", "simk8s/cli/main.py")
