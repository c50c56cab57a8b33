"""L3: one scheduling strategy a file; the file name is the name users write."""
