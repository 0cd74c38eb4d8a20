"""`doppel check`: what is configured, reachable and missing, as a table."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.clock import WallClock
from bot.registry import model_registry
from bot.segmind.client import SegmindClient
from bot.segmind.protocol import SegmindError
from bot.settings import Settings, SettingsError
from bot.store import DatabaseInUse, OperatorConnection, SqlStore, StoreError
from bot.wiring.factories import FEATURES, c2pa_signer_of, segmind_client, traces_of

DISCORD_API = "https://discord.com/api/v10"
PATIENCE = aiohttp.ClientTimeout(total=15)
OK = 200


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    good: bool
    words: str


async def check(settings: Settings) -> Sequence[Finding]:
    return [finding async for finding in _findings(settings)]


def table(findings: Sequence[Finding]) -> str:
    width = max(len(each.subject) for each in findings)
    return "\n".join(
        f"{'ok ' if each.good else 'NO '} {each.subject:<{width}}  {each.words}" for each in findings
    )


async def _findings(settings: Settings) -> AsyncGenerator[Finding]:
    yield await _discord(settings)
    yield await _database(settings)
    yield _faces(settings)
    yield _reports(settings)
    yield _signatures(settings)
    yield await _traces(settings)
    async with segmind_client(settings, bears_outages=False) as segmind:
        for finding in await _segmind(settings, segmind):
            yield finding


async def _discord(settings: Settings) -> Finding:
    token = settings.discord.token
    if token is None:
        return Finding("Discord's token", False, "missing: set DISCORD_TOKEN")
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    address = f"{(settings.discord.api or DISCORD_API).rstrip('/')}/users/@me"
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.get(address, headers=headers) as answer,
        ):
            if answer.status == OK:
                return Finding("Discord's token", True, f"belongs to {(await answer.json())['username']}")
            return Finding("Discord's token", False, f"Discord answers {answer.status}: is it the right one?")
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        return Finding("Discord's token", False, f"Discord could not be asked: {type(error).__name__}")


async def _database(settings: Settings) -> Finding:
    try:
        used, wrong = await _audit(settings)
    except StoreError as error:
        return Finding("database", False, f"{settings.database.shown}: {error}")
    if wrong:
        return Finding("database", False, f"{len(wrong)} entries do not add up, first: {wrong[0]}")
    return Finding("database", True, f"{settings.database.shown}{used}, and its books add up")


def _faces(settings: Settings) -> Finding:
    # Nothing else needs them, so that they are off is no fault.
    its = settings.faces
    if not its.keys:
        return Finding("saved faces", True, "off: set DOPPEL_FACES__KEY to let members save faces")
    return Finding("saved faces", True, f"on, {its.per_member} a member for {its.days:g} days")


def _reports(settings: Settings) -> Finding:
    if settings.discord.operators:
        return Finding("reports", True, "the operators hear of them where a server's moderators do not")
    return Finding("reports", True, "only servers with /admin log hear of them: set discord.operators")


def _signatures(settings: Settings) -> Finding:
    try:
        c2pa_signer = c2pa_signer_of(settings, WallClock())
    except SettingsError as error:
        return Finding("signatures", False, str(error))
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
    url, start = settings.database.url.get_secret_value(), settings.credits.start
    try:
        async with SqlStore(url, start=start, clock=WallClock()) as store:
            return "", await store.audit()
    except DatabaseInUse:
        async with OperatorConnection(url, start=start, clock=WallClock()) as visitor:
            wrong, _ = await visitor.audit()
        return ", in use by a running bot", wrong


async def _segmind(settings: Settings, segmind: SegmindClient) -> list[Finding]:
    if settings.segmind.key is None:
        found = [Finding("Segmind's key", False, "missing: set SEGMIND_API_KEY")]
    else:
        found = [await _balance(settings, segmind)]
    try:
        listed = {model.slug: model for model in await segmind.catalogue()}
    except SegmindError as error:
        return [*found, Finding("models", False, f"the catalogue could not be read: {_words(error)}")]
    for slug, model in model_registry(FEATURES).items():
        entry = listed.get(slug)
        if entry is None:
            found.append(Finding(slug, False, "is not in Segmind's catalogue"))
        elif entry.deprecated:
            found.append(Finding(slug, False, "is deprecated at Segmind"))
        else:
            found.append(_drift(slug, {each.name for each in model.parameters()}, entry.parameters_schema))
    return found


async def _balance(settings: Settings, segmind: SegmindClient) -> Finding:
    try:
        balance = await segmind.balance()
    except SegmindError as error:
        return Finding("Segmind's key", False, f"{settings.segmind.base_url}: {_words(error)}")
    words = f"accepted by {settings.segmind.base_url}, ${balance.total:.2f} left"
    return Finding("Segmind's key", balance.total > 0, words)


def _drift(slug: str, known: set[str], schema: Mapping[str, Any]) -> Finding:
    """Parameters that Segmind's catalogue names and this version does not, or the other way round."""
    # A JSON schema, or the bare parameters: both have been seen in catalogues of this kind.
    named = {str(name) for name in schema.get("properties", schema)}
    if not named or named == known:
        return Finding(slug, True, "offered by Segmind")
    news, gone = sorted(named - known), sorted(known - named)
    words = f"offered by Segmind; new there: {', '.join(news) or '-'}; gone: {', '.join(gone) or '-'}"
    return Finding(slug, not gone, words)


def _words(error: SegmindError) -> str:
    return error.detail or type(error).__name__
