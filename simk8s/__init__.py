"""simk8s: a discrete-event performance simulator for large Kubernetes clusters."""

__version__ = "0.1.0"
