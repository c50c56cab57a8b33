"""L5: the commands; the only place that prints."""
