"""Findings from Segmind: the key and the models."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.cli.check.finding import OFFLINE, Finding
from bot.cli.operator import operator_connection
from bot.clock import WallClock
from bot.jobs.supervision.learned_rate import read_rate
from bot.registry import model_registry
from bot.segmind.client import SegmindClient
from bot.segmind.errors import SegmindError, Unavailable, Unreachable
from bot.settings import Settings
from bot.store import StoreError
from bot.wiring.factories import FEATURES


async def segmind_findings(settings: Settings, client: SegmindClient) -> Sequence[Finding]:
    key, models = await asyncio.gather(_key(settings, client), _models(client))
    # Last, so that a request that Segmind refused here counts.
    return [key, *models, await _rate(settings, client)]


async def _key(settings: Settings, segmind: SegmindClient) -> Finding:
    if settings.segmind.key is None:
        return Finding("Segmind's key", False, "missing: set SEGMIND_API_KEY")
    return await _balance(settings, segmind)


async def _models(segmind: SegmindClient) -> list[Finding]:
    try:
        listed = {model.slug: model for model in await segmind.catalogue()}
    except SegmindError as error:
        return [Finding("models", False, f"the catalogue could not be read: {_describe_error(error)}")]
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
        return Finding("Segmind's key", False, f"{settings.segmind.base_url}: {_describe_error(error)}")
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
        return Finding("requests", True, f"{limit} a minute, as set; Segmind has not rejected any recently")
    refused_at = f"{datetime.fromtimestamp(segmind.rate.learned_at, UTC):%Y-%m-%d %H:%M} UTC"
    words = f"{allowed:.0f} a minute instead of {limit}, because Segmind rejected more at {refused_at}"
    return Finding("requests", True, words)


def _drift(slug: str, known: set[str], schema: Mapping[str, Any]) -> Finding:
    """Compare the parameters in Segmind's catalogue with those that this version declares."""
    # Catalogues of this kind contain a JSON schema or the bare parameters.
    offered = {str(name) for name in schema.get("properties", schema)}
    if not offered or offered == known:
        return Finding(slug, True, "offered by Segmind")
    new, gone = sorted(offered - known), sorted(known - offered)
    words = f"offered by Segmind; new parameters: {', '.join(new) or '-'}; removed: {', '.join(gone) or '-'}"
    return Finding(slug, not gone, words)


def _describe_error(error: SegmindError) -> str:
    if isinstance(error, Unavailable) and isinstance(error.cause, Unreachable):
        return f"Segmind {OFFLINE}"
    return error.detail or type(error).__name__
