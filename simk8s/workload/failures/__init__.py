"""L3: recorded failures of machines, and distributions fitted to them."""
