"""Timeout for everything that a test waits for. Only a failing test waits this long."""

# Far more than the slowest start of a process and the slowest video take on a busy machine.
PATIENCE = 120.0
