"""The bot's features, one cog per module. The bot loads every module of this package."""
