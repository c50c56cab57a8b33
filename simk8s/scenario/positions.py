"""L1: where in a file each value of a YAML document was written.

Law: every path (keys and indices from the root) that the reader built has the place of its key and
of its value; a path that nobody wrote is answered with its nearest ancestor. A value that came
from `--set` or a variant is answered with that, since no line of the file is to blame.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simk8s.errors import Place

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Positions:
    """Path -> (key line, key column, value line, value column), counted from one."""

    file: str
    marks: dict[Path, tuple[int, int, int, int]] = field(default_factory=dict)
    overlays: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of the value at a path, or of its key."""
        for length in range(len(path), -1, -1):
            near = path[:length]
            if near in self.overlays:
                return self.overlays[near]
            mark = self.marks.get(near)
            if mark is not None:
                # Of an ancestor its key says more than the start of its value.
                at_key = (key or length < len(path)) and length > 0
                return Place(self.file, *(mark[:2] if at_key else mark[2:]))
        return Place(self.file, 1, 1)

    def deepest(self, path: Path) -> Path:
        """The longest part of a path that was written (drops what a validator appended)."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.marks or path[:length] in self.overlays:
                return path[:length]
        return ()

    def overlay(self, path: Path, place: Place) -> None:
        """Everything at and below a path was now written at `place`."""
        self.overlays[path] = place

    def below(self, prefix: Path) -> Positions:
        """The part below a path, as if it were a document of its own."""
        cut = len(prefix)
        inner = Positions(self.file)
        inner.marks = {p[cut:]: m for p, m in self.marks.items() if p[:cut] == prefix}
        inner.overlays = {p[cut:]: m for p, m in self.overlays.items() if p[:cut] == prefix}
        for length in range(cut):
            if prefix[:length] in self.overlays:
                inner.overlays.setdefault((), self.overlays[prefix[:length]])
        return inner

    def copy(self) -> Positions:
        return Positions(self.file, self.marks, dict(self.overlays))


def shown(path: Path) -> str:
    """For messages: `workload[0].arrivals.poisson`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
