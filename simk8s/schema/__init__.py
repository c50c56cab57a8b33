"""L0: every result table as data: column, dtype, unit, meaning."""
