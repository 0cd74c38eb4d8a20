"""The room of `bot.segmind`: pure tables, and a client that meets a server which misbehaves on demand."""
