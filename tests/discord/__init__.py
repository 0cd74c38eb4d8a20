"""A small Discord on real sockets, for what a simulated one cannot show: a killed process, a broken line."""
