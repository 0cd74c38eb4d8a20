"""Timeout for everything that a test waits for. Only a failing test waits this long."""

# Far more than the slowest start of a process on a busy machine.
PATIENCE = 60.0
