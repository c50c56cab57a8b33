"""L1: typed append-only columns; the only writer of result rows."""
