"""A scenario that is over soon."""

from __future__ import annotations

from typing import Any

from simk8s import Scenario

TEMPLATE = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "500m"}}}]}}
WEB: dict[str, Any] = {
    "name": "web",
    "arrivals": {"poisson": {"rate": "6/min"}},
    "lifetime": {"exponential": {"mean": "2m"}},
    "template": TEMPLATE,
}
NODES = [{"profile": "m5.xlarge", "count": 2, "zones": ["a", "b"]}]


def small(**sections: Any) -> Scenario:
    """Ten minutes of two nodes."""
    given = {"name": "small", "duration": "10m", "seed": 3, "nodes": NODES, "workload": [WEB]}
    given["sampling"] = {"interval": "30s"}
    return Scenario(**{**given, **sections})
