"""One module per revision. What stands here is history and does not follow `tables`."""
