"""The queue on the command line: its commands, and how a command runs its jobs."""
