"""`doppel check`: a table of what is configured, reachable and missing."""

import argparse
import asyncio
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from bot.cli.operator import operator_connection
from bot.cli.startup import load_settings
from bot.clock import WallClock
from bot.jobs.supervision.learned_rate import read_rate
from bot.media.workers import MediaWorkers
from bot.ops.logs import configure
from bot.registry import model_registry
from bot.segmind.client import SegmindClient
from bot.segmind.protocol import SegmindError, Unavailable, Unreachable
from bot.settings import Settings, SettingsError, secrets_file
from bot.store import DatabaseInUse, SqlStore, StoreError
from bot.store.backend.open import parse_url, sqlite_path
from bot.wiring.factories import FEATURES, c2pa_signer_of, segmind_client, traces_of

DISCORD_API = "https://discord.com/api/v10"
# Without a network, the table has to come at once and not after all retries.
CONNECT_TIMEOUT = 3.0
OK = 200
OFFLINE = "cannot be reached: is this machine online?"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table."""

    subject: str
    good: bool
    words: str
    warns: bool = False
    """Whether the operator should do something although the bot can run."""

    @property
    def mark(self) -> str:
        return "NO " if not self.good else "!  " if self.warns else "ok "


def check_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    # Log events of single attempts would only interrupt the table, which reports their outcome.
    configure(format=settings.ops.log_format, level="error", secrets=settings.secrets)
    findings = asyncio.run(_check_and_print(settings, secrets_file(options.config)))
    return 0 if all(finding.good for finding in findings) else 1


async def check(settings: Settings, secrets: Path) -> Sequence[Finding]:
    section = settings.segmind
    connect_timeout = min(section.connect_timeout, CONNECT_TIMEOUT)
    # A retry would only repeat what the table already says.
    once = section.model_copy(update={"connect_timeout": connect_timeout, "retries": 0})
    async with segmind_client(
        settings.model_copy(update={"segmind": once}), waits_out_outages=False
    ) as client:
        discord, local, key, models = await asyncio.gather(
            _discord(settings), _local(settings, secrets), _key(settings, client), _models(client)
        )
        return [discord, *local, key, *models, await _rate(settings, client)]


async def _check_and_print(settings: Settings, secrets: Path) -> Sequence[Finding]:
    findings = await check(settings, secrets)
    # Printed here, because the end of the loop waits for a name server that does not answer.
    print(table(findings), flush=True)
    return findings


def table(findings: Sequence[Finding]) -> str:
    width = max(len(each.subject) for each in findings)
    return "\n".join(f"{each.mark} {each.subject:<{width}}  {each.words}" for each in findings)


async def _local(settings: Settings, secrets: Path) -> Sequence[Finding]:
    return [
        await _database(settings),
        _files(settings, secrets),
        _spending(settings),
        _faces(settings),
        _reports(settings),
        await _signatures(settings),
        await _traces(settings),
    ]


async def _discord(settings: Settings) -> Finding:
    token = settings.discord.token
    if token is None:
        return Finding("Discord's token", False, "missing: set DISCORD_TOKEN")
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    address = f"{(settings.discord.api or DISCORD_API).rstrip('/')}/users/@me"
    timeout = aiohttp.ClientTimeout(total=15, connect=CONNECT_TIMEOUT)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(address, headers=headers) as response,
        ):
            if response.status == OK:
                return Finding("Discord's token", True, f"belongs to {(await response.json())['username']}")
            return Finding("Discord's token", False, f"Discord answers {response.status}: is it right?")
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        return Finding("Discord's token", False, f"Discord {OFFLINE}")
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        return Finding("Discord's token", False, f"Discord could not be asked: {type(error).__name__}")


async def _database(settings: Settings) -> Finding:
    try:
        note, problems = await _audit(settings)
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
        return Finding("files", True, "secrets and data are for their owner alone")
    words = f"others on this machine may read them: chmod 600 {shlex.join(map(str, readable))}"
    return Finding("files", True, words, warns=True)


def _spending(settings: Settings) -> Finding:
    cap = settings.credits.operator_daily_usd
    if cap is None:
        words = "nothing bounds what you pay in a day: set credits.operator_daily_usd"
        return Finding("spending", True, words, warns=True)
    return Finding("spending", True, f"${cap:.2f} a day at most, for all servers together")


def _faces(settings: Settings) -> Finding:
    # Nothing else needs saved faces, so it is fine if they are off.
    section = settings.faces
    if not section.keys:
        return Finding("saved faces", True, "off: set DOPPEL_FACES__KEY to let members save faces")
    return Finding("saved faces", True, f"on, {section.per_member} a member for {section.days:g} days")


def _reports(settings: Settings) -> Finding:
    if settings.discord.operators:
        return Finding("reports", True, "the operators hear of them where a server's moderators do not")
    return Finding("reports", True, "only servers with /admin log hear of them: set discord.operators")


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
        return Finding("traces", True, "off: set ops.traces to tell an OpenTelemetry collector of jobs")
    await traces.close()
    return Finding("traces", True, "on, for the collector that OTEL_EXPORTER_OTLP_ENDPOINT names")


async def _audit(settings: Settings) -> tuple[str, Sequence[str]]:
    """A note on the state of the database, and a sentence for each place where the ledger does not add up."""
    url, start = settings.database.url.get_secret_value(), settings.credits.start
    try:
        async with SqlStore(url, start=start, clock=WallClock()) as store:
            return "", await store.audit()
    except DatabaseInUse:
        async with operator_connection(settings, WallClock(), writing=False) as connection:
            problems, _ = await connection.audit()
        return ", in use by a running bot", problems


async def _key(settings: Settings, segmind: SegmindClient) -> Finding:
    if settings.segmind.key is None:
        return Finding("Segmind's key", False, "missing: set SEGMIND_API_KEY")
    return await _balance(settings, segmind)


async def _models(segmind: SegmindClient) -> list[Finding]:
    try:
        listed = {model.slug: model for model in await segmind.catalogue()}
    except SegmindError as error:
        return [Finding("models", False, f"the catalogue could not be read: {_words(error)}")]
    findings: list[Finding] = []
    for slug, model in model_registry(FEATURES).items():
        entry = listed.get(slug)
        if entry is None:
            findings.append(Finding(slug, False, "is not in Segmind's catalogue"))
        elif entry.deprecated:
            findings.append(Finding(slug, False, "is deprecated at Segmind"))
        else:
            findings.append(_drift(slug, {each.name for each in model.parameters()}, entry.parameters_schema))
    return findings


async def _balance(settings: Settings, segmind: SegmindClient) -> Finding:
    try:
        balance = await segmind.balance()
    except SegmindError as error:
        return Finding("Segmind's key", False, f"{settings.segmind.base_url}: {_words(error)}")
    words = f"accepted by {settings.segmind.base_url}, ${balance.total:.2f} left"
    return Finding("Segmind's key", balance.total > 0, words)


async def _rate(settings: Settings, segmind: SegmindClient) -> Finding:
    """Show the rate that this key is known to allow."""
    clock, limit = WallClock(), settings.segmind.requests_per_minute
    try:
        async with operator_connection(settings, clock, writing=False) as connection:
            segmind.rate.load(await read_rate(connection, settings.segmind.key))
    except StoreError:
        # The line about the database says why.
        pass
    allowed = segmind.rate.per_minute(clock.now())
    if allowed >= limit:
        return Finding("requests", True, f"{limit} a minute, as set; Segmind has not refused any lately")
    refused_at = f"{datetime.fromtimestamp(segmind.rate.learned_at, UTC):%Y-%m-%d %H:%M} UTC"
    words = f"{allowed:.0f} a minute of the {limit} set, as Segmind refused more at {refused_at}"
    return Finding("requests", True, words)


def _drift(slug: str, known: set[str], schema: Mapping[str, Any]) -> Finding:
    """Compare the parameters in Segmind's catalogue with those that this version declares."""
    # Catalogues of this kind contain a JSON schema or the bare parameters.
    offered = {str(name) for name in schema.get("properties", schema)}
    if not offered or offered == known:
        return Finding(slug, True, "offered by Segmind")
    new, gone = sorted(offered - known), sorted(known - offered)
    words = f"offered by Segmind; new there: {', '.join(new) or '-'}; gone: {', '.join(gone) or '-'}"
    return Finding(slug, not gone, words)


def _words(error: SegmindError) -> str:
    if isinstance(error, Unavailable) and isinstance(error.cause, Unreachable):
        return f"Segmind {OFFLINE}"
    return error.detail or type(error).__name__
