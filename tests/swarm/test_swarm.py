"""Fifty seeds of the swarm; thousands: `python -m tools.swarm --seeds 1000 --start N`."""

from __future__ import annotations

import pytest

from simk8s import catalog
from simk8s.nodes.troubles import Troubles
from tools import swarm

SEEDS = range(50)


@pytest.mark.parametrize("tens", range(0, len(SEEDS), 10))
def test_everything_is_well_when_the_faults_are_over(tens):
    for seed in SEEDS[tens : tens + 10]:
        found = swarm.check(seed, tiny=True)
        assert not found, f"replay with {swarm.replay(seed, tiny=True)}: {found[:5]}"


@pytest.mark.parametrize("seed", [900330, 910430])
def test_what_it_has_found_stays_mended(seed):
    """A ranking that no longer counted nodes that were tainted for a while; readiness on its way
    to the API when a kubelet was cut off again. (In docs/faults.md.)
    """
    assert not swarm.check(seed, tiny=True)


def test_a_seed_is_one_scenario():
    assert swarm.scenario_of(7) == swarm.scenario_of(7)
    assert swarm.scenario_of(7) != swarm.scenario_of(8)


def test_all_faults_take_part():
    made = [swarm.scenario_of(seed)[0]["faults"] for seed in range(400)]
    met = {key for faults in made for fault in faults for key in fault}
    assert met == {catalog.camel(name) for name in catalog.names("faults")}


def test_it_notices_what_is_broken(monkeypatch):
    """A kubelet that forgets what it has missed leaves pods that never go."""
    monkeypatch.setattr(Troubles, "_catch_up", lambda self, pod, row: None)
    assert any(swarm.check(seed) for seed in (2, 27))
