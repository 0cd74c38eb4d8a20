"""Jobs and credits in SQLite or Postgres: nothing that was promised is lost, and nothing is paid twice."""

from bot.store.errors import (
    DatabaseInUse,
    SchemaTooNew,
    ShardsLost,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from bot.store.operator import OperatorConnection, audited
from bot.store.store import SqlStore

__all__ = [
    "DatabaseInUse",
    "OperatorConnection",
    "SchemaTooNew",
    "ShardsLost",
    "SqlStore",
    "StoreError",
    "StoreRefused",
    "StoreUnavailable",
    "audited",
]
