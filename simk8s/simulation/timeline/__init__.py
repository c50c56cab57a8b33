"""What a scenario's timeline does to a running cluster."""
