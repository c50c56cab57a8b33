"""Every file of controllers/, and whatever SIMK8S_CONTROLLER names."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from simk8s import catalog
from simk8s.controllers._manager import ON_DEMAND, SHIPPED
from simk8s.controllers.base import DONE, Controller, Result, Write
from simk8s.controllers.job import JobController
from simk8s.controllers.replicaset import ReplicaSetController
from simk8s.state.workloads import REPLICASETS
from tests.controllers.conformance import check_controller

OWN, SLOT = os.environ.get("SIMK8S_CONTROLLER"), os.environ.get("SIMK8S_SLOT")
CASES = [(name, name) for name in catalog.names("controllers")] + ([(OWN, SLOT)] if OWN else [])


@pytest.mark.parametrize(("name", "slot"), CASES)
def test_conformance(name, slot):
    made, params = catalog.resolve("controllers", name), catalog.params_of("controllers", name)()
    check_controller(made, params, slot)


def test_what_runs_by_itself_is_what_is_in_the_folder():
    assert sorted((*SHIPPED, *ON_DEMAND)) == catalog.names("controllers")


@pytest.mark.parametrize("name", catalog.names("controllers"))
def test_a_controller_is_named_after_its_file(name):
    assert catalog.resolve("controllers", name).name == name


def test_params_are_read_without_numpy():
    code = (
        "import sys; from simk8s import catalog;"
        "[catalog.params_of('controllers', n) for n in catalog.names('controllers')];"
        "print(sorted({'numpy', 'simpy', 'scipy', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


OWN_FILE = '''
"""A controller of a user: replaces pods, two at a time at most."""
from simk8s.api.watch import Verb
from simk8s.controllers.base import DONE, Controller, Flags, Result, Write
from simk8s.controllers.replicaset import ReplicaSetController


class Params(Flags):
    at_once: int = 2


class Careful(ReplicaSetController):
    name = "careful"

    def __init__(self, params, context):
        self.at_once = params.at_once
        super().__init__(params, context)

    def _sync(self, key, stored, pods, missing, *rest):
        return super()._sync(key, stored, pods, min(missing, self.at_once), *rest)
'''


def test_a_file_of_ones_own_runs_in_a_slot(tmp_path):
    path = tmp_path / "careful.py"
    path.write_text(OWN_FILE)
    made = catalog.resolve("controllers", f"{path}:Careful")
    check_controller(made, catalog.params_of("controllers", str(path))(), "replicaset")


class Ticker(Controller):
    """Asks to be called again for ever."""

    name = "ticker"

    def __init__(self, params, context):
        context.queue.add("tick")

    def reconcile(self, key, now_us):
        return Result(requeue_after_us=60_000_000)


class Sneak(Controller):
    """Writes to the store itself."""

    name = "sneak"

    def __init__(self, params, context):
        self.store = context.store
        context.watches.watch(self.store.pods, lambda _, e: context.queue.add(e[0][2]))

    def reconcile(self, key, now_us):
        self.store.delete_pod(key)
        return DONE


class Restless(ReplicaSetController):
    """Reports what it has reported."""

    name = "restless"

    def reconcile(self, key, now_us):
        return self._again(key)

    def _again(self, key):
        stored = self._sets.get(key)
        if stored is not None:
            update = self._store.objects(REPLICASETS).update
            yield [Write(update, (key, stored.value, stored.version))]
        return DONE


class Lazy(ReplicaSetController):
    """Does nothing."""

    name = "lazy"

    def reconcile(self, key, now_us):
        return DONE


class Loser(JobController):
    """Forgets its result."""

    name = "loser"

    def reconcile(self, key, now_us):
        return self._lose(key, now_us)

    def _lose(self, key, now_us):
        yield []


@pytest.mark.parametrize(
    ("broken", "slot", "words"),
    [
        (Ticker, None, "ticks"),
        (Sneak, None, "behind the API's back"),
        (Restless, None, "looked at again"),
        (Lazy, "replicaset", "replaced"),
        (Loser, "job", "returns a Result"),
        (object, None, "derive"),
    ],
)
def test_a_broken_controller_is_found_out(broken, slot, words):
    with pytest.raises(AssertionError, match=words):
        check_controller(broken, None, slot)
