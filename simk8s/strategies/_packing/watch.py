"""Notes what the solver finds on the way. Imports OR-Tools: import it late."""

from __future__ import annotations

from ortools.sat.python import cp_model


class Watch(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
    """Improvements: deterministic time, value, bound."""

    def __init__(self) -> None:
        super().__init__()
        self.curve: list[tuple[float, int, int]] = []

    def on_solution_callback(self) -> None:
        """The solver has a better placement."""
        value, bound = round(self.objective_value), round(self.best_objective_bound)
        self.curve.append((self.deterministic_time, value, bound))
