"""The descheduler's policies, one a file."""
