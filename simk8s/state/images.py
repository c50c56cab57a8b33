"""Which node has which container image.

Law: an image's size is what the first node that reported it said; it counts as spread over the
nodes that have it now. `version` moves on with every change.

Mirrors: the image states of kube-scheduler's cache, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable


class ImageTable:
    """Image name -> size and the node rows that hold it (in the order in which they got it)."""

    def __init__(self) -> None:
        self.version = 0
        self.sizes: dict[str, int] = {}
        self.rows: dict[str, dict[int, None]] = {}

    def add(self, row: int, images: Iterable[tuple[str, int]]) -> None:
        """A node reports images with their sizes in bytes."""
        for name, size in images:
            self.sizes.setdefault(name, size)
            self.rows.setdefault(name, {})[row] = None
            self.version += 1

    def remove(self, row: int, name: str) -> None:
        """A node no longer has an image."""
        rows = self.rows.get(name, {})
        if row in rows:
            del rows[row]
            if not rows:
                del self.rows[name], self.sizes[name]
            self.version += 1

    def drop(self, row: int) -> None:
        """A node is gone, or reports anew."""
        for name in [name for name, rows in self.rows.items() if row in rows]:
            del self.rows[name][row]
            if not self.rows[name]:
                del self.rows[name], self.sizes[name]
            self.version += 1


def normal_name(name: str) -> str:
    """An image reference with the tag `latest` if it has neither tag nor digest."""
    return name if name.rfind(":") > name.rfind("/") else f"{name}:latest"
