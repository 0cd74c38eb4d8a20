"""The page of the sandbox, looked at through a real browser."""
