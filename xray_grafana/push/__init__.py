"""Entries into Loki through its push API: bodies, one request, and what to do about each answer."""
