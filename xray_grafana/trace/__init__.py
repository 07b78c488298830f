"""One trace: fetched from X-Ray, joined with its lines in Loki, and drawn as a waterfall, as a JSON document or as a link to its board."""
