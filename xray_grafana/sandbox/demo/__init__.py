"""A small shop that is busy all day: its traces, its load balancer's log objects and its services' log lines, from a seed and the clock."""
