"""The store over a real SQLite file and a real Postgres."""
