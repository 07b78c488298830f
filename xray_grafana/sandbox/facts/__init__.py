"""What X-Ray makes of the documents of a trace: services, calls, outcomes, causes."""
