"""L2: the object store, its watches, request latency and clients."""
