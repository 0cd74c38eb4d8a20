"""How long a test waits for something to happen: only a test that fails ever waits as long."""

# Far more than the slowest start of a process takes on a machine that is busy with other things.
PATIENCE = 60.0
