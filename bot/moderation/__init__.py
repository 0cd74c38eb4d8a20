"""Who may use the bot, where, and with which pictures: rules as data, knowing neither Discord nor SQL."""
