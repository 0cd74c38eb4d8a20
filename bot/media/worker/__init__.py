"""Child processes that open files for the bot, bounded in time and memory.

`process.MediaWorker` calls functions in a child. The bot itself opens no file, so it loads no decoder.
"""
