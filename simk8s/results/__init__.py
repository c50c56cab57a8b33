"""L3: open and validate result folders; KPIs; paired comparison."""
