"""L0: virtual time, order inside an instant, queues, random streams. Knows no Kubernetes."""
