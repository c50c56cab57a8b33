"""Benchmarks: `python -m benchmarks [name]`; CPU time and ratios, since machines are noisy."""
