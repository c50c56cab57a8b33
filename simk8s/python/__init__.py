"""The Python API: scenarios as values, runs and comparisons as polars frames."""
