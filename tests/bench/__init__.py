"""`make bench`: measures the bot and compares each figure with its goal."""
