"""A local X-Ray: segments in by UDP and HTTP, kept in SQLite, X-Ray's read API out."""
