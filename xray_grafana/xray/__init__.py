"""X-Ray's own languages as values."""
