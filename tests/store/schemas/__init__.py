"""The schema of every release, with rows in every table: what an upgrade has to bring forward.

`make schema` writes that of the newest revision, on both databases. Once a release has it, it stays as it is.
"""
