"""One trace importer a file; the file name is the name users write."""
