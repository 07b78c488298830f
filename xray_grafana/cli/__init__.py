"""The command line: one file a command, which parses, calls and prints. What a command needs is imported when it runs."""
