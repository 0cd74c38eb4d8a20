"""The local Segmind over real sockets, by hand and by the official SDK."""
