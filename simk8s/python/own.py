"""L5: a catalogue that also knows classes of this Python process.

Law: a class is used as if it were the one class of a file: what a scenario may say about it is its
attribute `Params`, a pydantic model. It exists in this process alone, so a scenario that names one
cannot be simulated by another.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from simk8s.catalog import Catalog, NoParams, snake
from simk8s.errors import Problem, UserError
from simk8s.python.plain import OWN


class OwnCatalog(Catalog):
    """See the module."""

    def __init__(self, base: Path, classes: Mapping[str, type]) -> None:
        super().__init__(base)
        # Faults and arrival processes are keys in a scenario, and asked for in snake_case.
        self.classes = {**classes, **{snake(name): found for name, found in classes.items()}}

    def names(self, folder: str) -> list[str]:
        """Shipped ones, those of entry points, and our own."""
        return sorted([*super().names(folder), *self.classes])

    def resolve(self, folder: str, name: str) -> type:
        """The class itself, or what the catalogue has."""
        found = self.classes.get(name)
        return super().resolve(folder, name) if found is None else found

    def params_of(self, folder: str, name: str) -> type[BaseModel]:
        """Its `Params`, or no parameters."""
        found = self.classes.get(name)
        if found is None:
            return super().params_of(folder, name)
        params = getattr(found, "Params", NoParams)
        if not (isinstance(params, type) and issubclass(params, BaseModel)):
            text = f"{found.__name__} cannot be used: its Params is not a pydantic model"
            raise UserError(Problem("E204", text))
        return params


def in_one_process(classes: Mapping[str, type], jobs: int) -> None:
    """Refuse to hand a class of this process to others."""
    if classes and jobs > 1:
        listed = ", ".join(name.removeprefix(OWN) for name in sorted(classes))
        text = f"the class {listed} is known to this Python process alone, so jobs must be 1"
        hint = 'put it into a file and name it "./mine.py" or "./mine.py:Class"'
        raise UserError(Problem("E401", text, hint=hint))
