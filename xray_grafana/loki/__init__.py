"""LogQL as values: selectors, the queries of the bundle, and a checker of their syntax. Nothing here talks to a Loki."""
