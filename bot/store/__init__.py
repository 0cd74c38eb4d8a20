"""Jobs and credits in SQLite or Postgres: nothing that was promised is lost, and nothing is paid twice."""

from bot.store.errors import AlreadyOpen, SchemaTooNew, ShardsLost, StoreError, StoreRefused, StoreUnavailable
from bot.store.operator import SqlVisitor, audited
from bot.store.store import SqlStore

__all__ = [
    "AlreadyOpen",
    "SchemaTooNew",
    "ShardsLost",
    "SqlStore",
    "SqlVisitor",
    "StoreError",
    "StoreRefused",
    "StoreUnavailable",
    "audited",
]
