"""simk8s: a discrete-event performance simulator for large Kubernetes clusters.

    from simk8s import Scenario, compare, run

Law: importing this imports nothing else; each name of the Python API brings its module when it is
first asked for, so that the command line starts as quickly as without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simk8s.errors import Problem, UserError
    from simk8s.python.comparison import Comparison, compare
    from simk8s.python.running import Run, run
    from simk8s.python.scenario import Scenario

__version__ = "0.1.0"
__all__ = [
    "Comparison",
    "Problem",
    "Run",
    "Scenario",
    "UserError",
    "__version__",
    "compare",
    "run",
]
_HOMES = {
    "Comparison": "simk8s.python.comparison",
    "Problem": "simk8s.errors",
    "Run": "simk8s.python.running",
    "Scenario": "simk8s.python.scenario",
    "UserError": "simk8s.errors",
    "compare": "simk8s.python.comparison",
    "run": "simk8s.python.running",
}


if not TYPE_CHECKING:  # type checkers know the names above, and no others

    def __getattr__(name: str) -> Any:
        """A name of the API, its module imported now."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
