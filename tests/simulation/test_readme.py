"""The strategy that the README shows works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from simk8s.catalog import Catalog
from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.run import run_scenario
from tests.simulation.scenarios import SMALL

README = Path(__file__).parents[2] / "README.md"


def test_the_strategy_of_the_readme_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n# emptiest.py\n(.*?)```", README.read_text(), re.S)
    (tmp_path / "emptiest.py").write_text(code)
    source = tmp_path / "small.yaml"
    source.write_text(SMALL)
    scenario = load(
        source,
        catalog=Catalog(tmp_path),
        knowledge=machines(),
        overrides=[("strategy", "./emptiest.py")],
    )
    outcome = run_scenario(scenario, out=tmp_path / "out", audit=True, until_us=1_800_000_000)
    assert outcome.manifest.stop_reason == "duration"


def test_the_scenario_of_the_readme_is_valid(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.S)
    loaded = load(tmp_path / "rush-hour.yaml", knowledge=machines(), text=text)
    assert not loaded.problems
