"""What is kept, in SQLite: documents, facts of traces, counts."""
