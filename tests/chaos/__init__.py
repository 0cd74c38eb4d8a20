"""Storms over the running bot, and the count of what was lost in them: nothing."""
