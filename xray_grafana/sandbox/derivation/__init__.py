"""From documents to facts: traces that changed are read again, put into groups and counted."""
