"""Packing many pending pods onto many nodes at once: pure arithmetic behind the `cp_sat` strategy.

Law: a function of its arguments alone (no clock, no randomness, no simulator state), and OR-Tools
is imported only while a model is solved.
"""
