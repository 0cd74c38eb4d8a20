"""Logging for the bot and its libraries: context, redaction, then text for people or JSON."""

import logging
import secrets as random_source
import sys
from collections.abc import Sequence
from typing import Literal, TextIO

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.ops.redact import Redactor

Format = Literal["human", "json"]
Level = Literal["debug", "info", "warning", "error"]

# No vowels and no lookalikes, because people read the id aloud and copy it off a screen.
_INCIDENT_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"

# These libraries log every step at "info", which only helps those who debug the libraries.
QUIETED_LIBRARIES = ("alembic",)
# Only these loggers log at "debug". Others would log contents at that level: rows of the database, or texts
# inside a picture; and two of discord.py's log frames and bodies with everything that members typed.
DEBUG_LOGGERS = ("bot", "cogs", "discord", "asyncio", "aiohttp")
NEVER_DEBUG_LOGGERS = ("discord.gateway", "discord.http")


def configure(
    *,
    format: Format,  # noqa: A002 - the name of the setting
    level: Level,
    secrets: Sequence[SecretStr] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every record to `stream`, or to standard error. A later call replaces an earlier one."""
    out = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    handler = _Handler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # The libraries pass their context in `extra=`.
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Tracebacks become text before the redaction, so that they are redacted, too.
                structlog.processors.format_exc_info,
                _Redaction(Redactor(secrets)),
                _renderer(format, out),
            ],
        )
    )
    _replace_handler(handler, level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # A cached logger would keep the processors of an earlier call.
        cache_logger_on_first_use=False,
    )


def incident_id() -> str:
    """Random id of an unexpected error, shown to the member and logged."""
    return "".join(random_source.choice(_INCIDENT_ALPHABET) for _ in range(8))


def _renderer(style: Format, stream: TextIO) -> Processor:
    if style == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
        # A value with line breaks must not look like several log records.
        repr_native_str=True,
    )


def _replace_handler(handler: logging.Handler, level: Level) -> None:
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    chosen = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(chosen, logging.INFO))
    for name in DEBUG_LOGGERS:
        logging.getLogger(name).setLevel(chosen)
    for name in NEVER_DEBUG_LOGGERS:
        logging.getLogger(name).setLevel(max(chosen, logging.INFO))
    for name in QUIETED_LIBRARIES:
        logging.getLogger(name).setLevel(chosen if level == "debug" else max(chosen, logging.WARNING))


class _Redaction:
    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return self._redactor.mapping(event)


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Report a record that cannot be written, without the standard library's dump of its arguments."""
        kind = type(sys.exc_info()[1]).__name__
        print(f"A log record of {record.name} could not be written: {kind}.", file=sys.stderr)  # noqa: T201
