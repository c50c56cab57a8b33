"""ImageLocality: prefer nodes that have the pod's images already.

Mirrors: kube-scheduler v1.36 plugins/imagelocality: an image's size is scaled by the share of
nodes that have it (so that one warm node does not draw everything); 23 MiB count as nothing,
1000 MiB per container as everything.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import MAX_NODE_SCORE, Query, Rows, ScorePlugin
from simk8s.placement.view import View

LOW = 23 << 20
HIGH_PER_CONTAINER = 1000 << 20


class ImageLocality(ScorePlugin):
    """`100·(Σ scaled sizes − 23 MiB) // (containers·1000 MiB − 23 MiB)`, clamped to 0..100."""

    name: ClassVar[str] = "ImageLocality"

    def key(self, query: Query, view: View) -> Hashable | None:
        """The images, in any order, and the number of containers."""
        return (tuple(sorted(query.template.images)), query.template.containers)

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Integers."""
        nodes, images = view.nodes, view.nodes.images
        total = np.zeros(nodes.n, np.int64)
        count = int(np.count_nonzero(nodes.exists))
        for name in query.template.images:
            holders = images.rows.get(name)
            if holders:
                share = len(holders) / count
                total[list(holders)] += int(float(images.sizes[name]) * share)
        high = HIGH_PER_CONTAINER * query.template.containers
        clamped = np.clip(total[rows], LOW, high)
        return MAX_NODE_SCORE * (clamped - LOW) // (high - LOW)
