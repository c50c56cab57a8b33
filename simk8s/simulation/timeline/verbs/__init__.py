"""What each verb of a timeline asks of the API."""
