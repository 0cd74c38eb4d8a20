"""Jobs that wait for their turn: the fair queue, the slots, and the gate before a submission."""
