"""One chain for all logs, ours and the libraries': context, redaction, then words for people or JSON."""

import logging
import secrets as randomness
import sys
from collections.abc import Sequence
from typing import Literal, TextIO

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.ops.redact import Redactor

Format = Literal["human", "json"]
Level = Literal["debug", "info", "warning", "error"]

# No vowels and nothing that looks like something else: it is read aloud and typed off a screen.
_INCIDENT_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"

# Libraries that tell of every step at "info"; what they have to say is for whoever debugs them.
TALKATIVE = ("alembic",)
# Who is heard from at "debug". What others tell there is the thing itself: rows of the database, the texts
# inside a picture; and these two of discord.py the frames and bodies, with all that members typed in them.
OUTSPOKEN = ("bot", "cogs", "discord", "asyncio", "aiohttp")
VERBATIM = ("discord.gateway", "discord.http")


def configure(
    *,
    format: Format,  # noqa: A002 - the word of the settings
    level: Level,
    secrets: Sequence[SecretStr] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every record to `stream` (standard error if none is given). May be called again."""
    out = sys.stderr if stream is None else stream
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    handler = _Handler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # `extra=` of the libraries' records is how they give context.
            foreign_pre_chain=[*before, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Tracebacks become text here, so that they are redacted like everything else.
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
            *before,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # A cached logger would keep the chain of an earlier call.
        cache_logger_on_first_use=False,
    )


def incident_id() -> str:
    """A name for an unexpected error: the member is shown it, the log carries it."""
    return "".join(randomness.choice(_INCIDENT_ALPHABET) for _ in range(8))


def _renderer(style: Format, stream: TextIO) -> Processor:
    if style == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
        # A value with line breaks must not look like a line of the log.
        repr_native_str=True,
    )


def _replace_handler(handler: logging.Handler, level: Level) -> None:
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    wished = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(wished, logging.INFO))
    for name in OUTSPOKEN:
        logging.getLogger(name).setLevel(wished)
    for name in VERBATIM:
        logging.getLogger(name).setLevel(max(wished, logging.INFO))
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(wished if level == "debug" else max(wished, logging.WARNING))


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
