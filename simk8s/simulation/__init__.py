"""L4: build (the only composition root), run, compare."""
