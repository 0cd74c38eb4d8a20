"""The tables, with every invariant that a database can enforce by itself."""

from bot.store.tables.columns import METADATA, JsonText
from bot.store.tables.faces import faces
from bot.store.tables.jobs import (
    IN_FLIGHT,
    LIVE,
    OPEN,
    POSTGRES_TIME,
    SLOT_USED,
    is_named,
    jobs,
    notes,
    payer,
    shards,
    workers,
)
from bot.store.tables.ledger import accounts, audit_entries, budgets, entries, servers
from bot.store.tables.moderation import (
    UNDECIDED,
    approvals,
    avatar_consents,
    cases,
    fingerprints,
    listed,
    people,
    posts,
    strikes,
    takedowns,
)

__all__ = [
    "IN_FLIGHT",
    "LIVE",
    "METADATA",
    "OPEN",
    "POSTGRES_TIME",
    "SLOT_USED",
    "UNDECIDED",
    "JsonText",
    "accounts",
    "approvals",
    "audit_entries",
    "avatar_consents",
    "budgets",
    "cases",
    "entries",
    "faces",
    "fingerprints",
    "is_named",
    "jobs",
    "listed",
    "notes",
    "payer",
    "people",
    "posts",
    "servers",
    "shards",
    "strikes",
    "takedowns",
    "workers",
]
