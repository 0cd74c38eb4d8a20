"""Pictures of several faces: a sheet of separate photos, and numbers on the faces."""
