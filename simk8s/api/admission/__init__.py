"""L2: admission plugins, one a file: what a create must pass before it is stored."""
