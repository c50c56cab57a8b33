"""One scheduling plugin a file; the file name is the name users write."""
