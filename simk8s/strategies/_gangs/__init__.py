"""Queues of gangs: what strategies share that plan over whole jobs."""
