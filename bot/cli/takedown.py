"""`doppel takedown`: takedown requests, next to a running bot, which carries out what is decided here."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.chat.messages import address_of
from bot.chat.moderation.takedowns import decision_entry
from bot.cli.operator import operator_connection
from bot.cli.startup import CliError, as_cli_error, load_settings
from bot.clock import Clock, WallClock
from bot.ledger.ledger import OPERATOR
from bot.media import operations
from bot.media.types import DetectedMark, Limits, UnusableMedia
from bot.media.workers import MediaWorkers
from bot.moderation.takedowns import (
    Claim,
    FoundJobs,
    TakedownOutcome,
    TakedownRequest,
    UnknownRequest,
    read_reference,
)
from bot.settings import Settings
from bot.store import OperatorConnection

# Jobs that `show` lists; the number of all of them stands above.
_MOST_JOBS = 50


def takedown_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    content = None
    if options.action == "add" and options.file is not None:
        try:
            content = options.file.read_bytes()
        except OSError as error:
            raise CliError(f"cannot read {options.file}: {error.strerror}") from error
    with as_cli_error():
        try:
            print(asyncio.run(run(options, settings, WallClock(), content)))
        except UnknownRequest as error:
            raise CliError("there is no such request; `doppel takedown list` shows the open ones.") from error
        except UnusableMedia as error:
            raise CliError(
                f"{options.file} is not a picture or video that the bot can read: {type(error).__name__}"
            ) from error
    return 0


async def run(options: argparse.Namespace, settings: Settings, clock: Clock, content: bytes | None) -> str:
    """Carry out the action; raises `UnknownRequest`, `UnusableMedia` and `StoreError`."""
    writing = options.action in {"add", "remove", "decline"}
    mark = None if content is None else await _mark_of(content, settings)
    async with operator_connection(settings, clock, writing=writing) as connection:
        match options.action:
            case "list":
                return _list(await connection.takedowns.undecided(), clock.now())
            case "add":
                return await _add(options, connection, settings, mark)
            case "show":
                return await _show(await _find(options, connection), connection, settings)
            case "remove":
                return await _remove(options, connection, settings)
            case _:
                return await _decline(await _find(options, connection), connection)


def _list(requests: Sequence[TakedownRequest], now: float) -> str:
    if not requests:
        return "No requests are waiting for a decision."
    return "\n".join(f"{each.reference}  due {_time(each.due_at)}{_late(each, now)}" for each in requests)


async def _add(
    options: argparse.Namespace,
    connection: OperatorConnection,
    settings: Settings,
    mark: DetectedMark | None,
) -> str:
    if mark is None and not options.link and not options.job:
        raise CliError("say what the request is about: give --file, --link or --job.")
    claim = Claim(options.name, options.contact, options.statement, options.name, options.link)
    added = await connection.takedowns.add(claim, mark, hours=settings.takedown.hours, jobs=options.job)
    return (
        f"Request {added.reference}, due {_time(added.due_at)}. Give this reference to the person who asked."
    )


async def _show(request: TakedownRequest, connection: OperatorConnection, settings: Settings) -> str:
    claim = request.claim
    found = (await connection.takedowns.find_jobs(request, settings.safety.distance)).all
    jobs = [await connection.find(job_id) for job_id in found[:_MOST_JOBS]]
    state = "waits for a decision" if request.outcome is None else f"was {request.outcome}"
    lines = [
        f"Request {request.number} {state}",
        f"received   {_time(request.received_at)}, due {_time(request.due_at)}",
        f"name       {claim.name}",
        f"contact    {claim.contact}",
        f"signature  {claim.signature}",
        f"link       {claim.link or '-'}",
        f"statement  {claim.statement}",
        f"{len(found)} matching job(s):",
        *(f"  {job.id}  {address_of(job.place)}" for job in jobs if job is not None),
    ]
    # What strangers wrote must not command the terminal.
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)


async def _remove(options: argparse.Namespace, connection: OperatorConnection, settings: Settings) -> str:
    request = await _find(options, connection)
    found = await connection.takedowns.find_jobs(request, settings.safety.distance)
    added = tuple(job for job in options.job if job not in found.named)
    unknown = [job for job in added if await connection.find(job) is None]
    if unknown:
        raise CliError(f"there is no job {unknown[0]}.")
    found = FoundJobs((*found.named, *added), tuple(job for job in found.using if job not in added))
    entry = decision_entry(request, TakedownOutcome.REMOVED, OPERATOR)
    request = replace(request, jobs=(*request.jobs, *added))
    if not await connection.takedowns.grant(request, found, OPERATOR, entry):
        raise CliError("this request has already been decided.")
    return (
        f"{len(found.all)} job(s) are withheld and the picture is banned in all servers;"
        " the running bot deletes the messages within a minute."
    )


async def _decline(request: TakedownRequest, connection: OperatorConnection) -> str:
    entry = decision_entry(request, TakedownOutcome.DECLINED, OPERATOR)
    if not await connection.takedowns.decline(request, entry):
        raise CliError("this request has already been decided.")
    return "Declined. Tell the person who asked why."


async def _find(options: argparse.Namespace, connection: OperatorConnection) -> TakedownRequest:
    request = await connection.takedowns.find(read_reference(options.reference))
    if request is None:
        raise UnknownRequest
    return request


async def _mark_of(content: bytes, settings: Settings) -> DetectedMark:
    workers = MediaWorkers()
    try:
        limits = Limits(**settings.uploads.model_dump())
        return await workers.detection.run(operations.detect_mark, content, limits)
    finally:
        workers.close()


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _late(request: TakedownRequest, now: float) -> str:
    return "  OVERDUE" if now > request.due_at else ""
