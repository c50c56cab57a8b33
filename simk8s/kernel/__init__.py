"""L0: virtual time, order inside an instant, queues and random streams. Knows nothing of Kubernetes."""
