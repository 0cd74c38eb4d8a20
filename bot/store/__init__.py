"""Storage of jobs and credits in SQLite or Postgres, durable and with exact sums."""

from bot.store.errors import ChangeRejected, DatabaseInUse, SchemaTooNew, ShardsLost, StoreError
from bot.store.operator import OperatorConnection, ledger_discrepancies
from bot.store.store import SqlStore

__all__ = [
    "ChangeRejected",
    "DatabaseInUse",
    "OperatorConnection",
    "SchemaTooNew",
    "ShardsLost",
    "SqlStore",
    "StoreError",
    "ledger_discrepancies",
]
