"""Jobs and credits in SQLite or Postgres: nothing that was promised is lost, and nothing is paid twice."""

from bot.store.errors import (
    ChangeRejected,
    DatabaseInUse,
    SchemaTooNew,
    ShardsLost,
    StoreError,
    StoreUnavailable,
)
from bot.store.operator import OperatorConnection, audit_ledger
from bot.store.store import SqlStore

__all__ = [
    "ChangeRejected",
    "DatabaseInUse",
    "OperatorConnection",
    "SchemaTooNew",
    "ShardsLost",
    "SqlStore",
    "StoreError",
    "StoreUnavailable",
    "audit_ledger",
]
