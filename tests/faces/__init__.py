"""Saved faces: what is kept of a picture, who can open it, and for how long."""
