"""One block of the page a file: render(results) -> Block, no clock, no randomness."""
