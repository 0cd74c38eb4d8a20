"""Segmind's API: a pure protocol of requests and responses, and the client that sends them."""
