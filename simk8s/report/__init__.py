"""L4: from a results folder to one self-contained page."""
