"""L1: the file a user writes: schema, loader with file:line:column, lint rules."""
