"""Quota queues and dominant shares: pure; what strategies and the Kueue benchmark share."""
