"""Jobs and credits in SQLite or Postgres: nothing that was promised is lost, and nothing is paid twice."""

from bot.store.errors import AlreadyOpen, SchemaTooNew, StoreError, StoreRefused, StoreUnavailable
from bot.store.store import SqlStore
from bot.store.visit import SqlVisitor

__all__ = [
    "AlreadyOpen",
    "SchemaTooNew",
    "SqlStore",
    "SqlVisitor",
    "StoreError",
    "StoreRefused",
    "StoreUnavailable",
]
