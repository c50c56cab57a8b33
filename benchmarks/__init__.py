"""Benchmarks: `python -m benchmarks [name]`; figures are CPU time and ratios, machines are noisy."""
