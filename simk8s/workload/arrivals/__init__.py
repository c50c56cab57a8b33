"""One arrival process a file; the file name is the name users write."""
