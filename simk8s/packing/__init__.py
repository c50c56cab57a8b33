"""Packing pods that may run already: exact, staged, with few moves. Pure: arrays in, a plan out."""
