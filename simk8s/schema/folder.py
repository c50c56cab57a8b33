"""Every table that a run's folder may hold.

Law: a table that is described nowhere here is neither written, opened nor documented.
"""

from __future__ import annotations

from simk8s.schema.aside import ASIDE
from simk8s.schema.columns import Table
from simk8s.schema.damage import DAMAGE
from simk8s.schema.solver import SOLVER
from simk8s.schema.tables import OPTIONAL, TABLES

SPARSE: dict[str, Table] = {**DAMAGE, **SOLVER, **ASIDE}
"""Written where they have a row."""
RARE: dict[str, Table] = {**OPTIONAL, **SPARSE}
"""All that a folder may lack: without rows, to those who read it."""
FOLDER: dict[str, Table] = {**TABLES, **RARE}
