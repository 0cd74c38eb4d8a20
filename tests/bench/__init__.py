"""`make bench`: what the bot does in a second, beside what it is measured by."""
