"""Schema of every release with rows in every table, from which the tests upgrade.

`make schema` writes the newest revision for both databases. Once a release has a schema, it never changes.
"""
