"""L3: one failure model a file; the file name is the name users write."""
