"""Commits that become durable, but whose answer is lost, in a process of the bot."""

import os
import random
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.default import DefaultDialect

MARK = "lost the answer to"
# The first commit of each kind is lost more often, so that a short run has every kind.
_FIRST_SHARE = 0.3
# Every transaction that moves credits writes these, whatever it is for.
_PARTS = frozenset({"accounts", "entries", "budgets"})
_WRITE = re.compile(r"\b(?:INSERT INTO|DELETE FROM|UPDATE(?= \w+ SET)) (\w+)")


class LostAnswers:
    """Breaks the connection after a share of the commits."""

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._dice = random.Random(seed)
        self._known: set[str] = set()
        self._original = DefaultDialect.do_commit
        self.armed = False
        """True if answers are lost from now on: a process that starts exits without its database."""

    def install(self) -> None:
        """Replace the commit of all of SQLAlchemy in this process."""
        commit = self._original

        def do_commit(dialect: DefaultDialect, connection: Any) -> None:
            commit(dialect, connection)
            kinds: set[str] = connection.info.pop(MARK, set())
            if kinds and self.armed and self._is_lost(kinds):
                os.write(1, f"{MARK} {', '.join(sorted(kinds))}\n".encode())
                raise _broken(dialect, connection)

        DefaultDialect.do_commit = do_commit  # pyright: ignore[reportAttributeAccessIssue]
        event.listen(sa.Engine, "before_cursor_execute", _note)

    def uninstall(self) -> None:
        DefaultDialect.do_commit = self._original
        event.remove(sa.Engine, "before_cursor_execute", _note)

    def _is_lost(self, kinds: set[str]) -> bool:
        first = max(self._share, _FIRST_SHARE)
        is_lost = self._dice.random() < (self._share if kinds <= self._known else first)
        if is_lost:
            self._known |= kinds
        return is_lost


def _note(
    connection: sa.Connection, cursor: object, statement: str, values: object, context: Any, many: bool
) -> None:
    """Note the kinds of a transaction's writes beside its connection."""
    del cursor, values, many
    written = _WRITE.search(statement)
    if written is not None and written[1] not in _PARTS:
        rows: list[dict[str, Any]] = context.compiled_parameters
        kinds = {_kind(written[1], statement, row) for row in rows or [{}]}
        connection.connection.info.setdefault(MARK, set()).update(kinds)


def _kind(table: str, statement: str, values: dict[str, Any]) -> str:
    if table != "jobs":
        return table
    if statement.startswith("INSERT"):
        return "open"
    if "of_state" in values:
        return "mark told" if values["told"] else f"move to {values['state']}"
    return "adopt" if "epoch" in statement else table


def _broken(dialect: DefaultDialect, connection: Any) -> Exception:
    """Return the driver's error, after the connection really is gone on Postgres."""
    if dialect.name == "postgresql":
        connection.driver_connection.terminate()
        return dialect.loaded_dbapi.OperationalError("the connection was lost")
    return dialect.loaded_dbapi.OperationalError("disk I/O error")
