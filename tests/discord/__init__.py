"""A small Discord on real sockets, for failures that SimCord cannot show: kills, broken connections."""
