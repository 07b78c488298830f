"""Access logs of load balancers, from S3 to Loki: names of objects, lines, and the programs that ship them."""
