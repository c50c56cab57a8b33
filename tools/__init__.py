"""Tools for those who work on simk8s; nothing here is installed."""
