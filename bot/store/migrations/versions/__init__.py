"""Migrations, one module per revision, which stay as they are when `bot.store.tables` changes."""
