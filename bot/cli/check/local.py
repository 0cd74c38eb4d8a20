"""Findings on this machine: settings, files and the database."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from bot.cli.check.finding import Finding
from bot.cli.operator import operator_connection
from bot.clock import WallClock
from bot.media.workers import MediaWorkers
from bot.ops.observed_jobs import traces_of
from bot.settings import Settings, SettingsError
from bot.store import DatabaseInUse, SqlStore, StoreError
from bot.store.backend.open import parse_url, sqlite_path
from bot.wiring.factories import c2pa_signer_of


async def local_findings(settings: Settings, secrets: Path) -> Sequence[Finding]:
    return [
        await _database(settings),
        _files(settings, secrets),
        _spending(settings),
        _faces(settings),
        _reports(settings),
        await _signatures(settings),
        await _traces(settings),
    ]


async def _database(settings: Settings) -> Finding:
    try:
        note, problems = await _check_ledger(settings)
    except StoreError as error:
        return Finding("database", False, f"{settings.database.shown}: {error}")
    if problems:
        return Finding("database", False, f"{len(problems)} entries do not add up, first: {problems[0]}")
    return Finding("database", True, f"{settings.database.shown}{note}, and its ledger adds up")


def _files(settings: Settings, secrets: Path) -> Finding:
    """Warn of files that hold secrets or members' data and that other users of the machine can read."""
    database, key = sqlite_path(parse_url(settings.database.url.get_secret_value())), settings.c2pa.key
    files = [secrets, database, None if key is None else Path(key)]
    readable = [file for file in files if file is not None and file.exists() and file.stat().st_mode & 0o077]
    if not readable:
        return Finding("files", True, "only their owner can read secrets and data")
    words = f"other users of this machine can read them; run chmod 600 {shlex.join(map(str, readable))}"
    return Finding("files", True, words, warns=True)


def _spending(settings: Settings) -> Finding:
    cap = settings.credits.operator_daily_usd
    if cap is None:
        words = "nothing limits what you pay in a day: set credits.operator_daily_usd"
        return Finding("spending", True, words, warns=True)
    return Finding("spending", True, f"${cap:.2f} a day at most, for all servers together")


def _faces(settings: Settings) -> Finding:
    # Nothing else needs saved faces, so it is fine if they are off.
    section = settings.faces
    if not section.keys:
        return Finding("saved faces", True, "off: set DOPPEL_FACES__KEY to let members save faces")
    return Finding(
        "saved faces", True, f"on: up to {section.per_member} per member, for {section.days:g} days"
    )


def _reports(settings: Settings) -> Finding:
    if settings.takedown.listen is not None and not settings.discord.operators:
        return Finding("reports", False, "nobody gets the takedown requests: set discord.operators")
    if settings.discord.operators:
        return Finding("reports", True, "the operators get the reports that no moderators get")
    words = "without /admin log, only a server's owner gets them, and elsewhere nobody: set discord.operators"
    return Finding("reports", True, words, warns=True)


async def _signatures(settings: Settings) -> Finding:
    workers = MediaWorkers()
    try:
        c2pa_signer = await c2pa_signer_of(settings, WallClock(), workers.signing)
    except SettingsError as error:
        return Finding("signatures", False, str(error))
    finally:
        workers.close()
    if c2pa_signer is None:
        return Finding("signatures", True, "off: set c2pa.certificates and c2pa.key to sign results (C2PA)")
    words = f"results are signed as {c2pa_signer.holder}, until {c2pa_signer.valid_until:%Y-%m-%d}"
    return Finding("signatures", True, words)


async def _traces(settings: Settings) -> Finding:
    try:
        traces = traces_of(settings, WallClock())
    except SettingsError as error:
        return Finding("traces", False, str(error))
    if traces is None:
        return Finding(
            "traces", True, "off: set ops.traces to send traces of jobs to an OpenTelemetry collector"
        )
    await traces.close()
    return Finding("traces", True, "on, to the collector in OTEL_EXPORTER_OTLP_ENDPOINT")


async def _check_ledger(settings: Settings) -> tuple[str, Sequence[str]]:
    """A note on the state of the database, and a sentence for each place where the ledger does not add up."""
    url, start = settings.database.url.get_secret_value(), settings.credits.start
    try:
        async with SqlStore(url, start=start, clock=WallClock()) as store:
            return "", await store.discrepancies()
    except DatabaseInUse:
        async with operator_connection(settings, WallClock(), writing=False) as connection:
            problems, _ = await connection.check_ledger()
        return ", in use by a running bot", problems
