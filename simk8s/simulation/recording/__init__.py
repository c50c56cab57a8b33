"""Recordings of a real control plane: replayed on the simulated one and held against it."""
