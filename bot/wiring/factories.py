"""What the settings make of each part: the composition root puts them together."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from pydantic import SecretStr

from bot.chat.contexts import Contexts
from bot.clock import Clock
from bot.faces.cipher import FaceCipher
from bot.faces.face import FaceRepository
from bot.faces.saved_faces import SavedFaces
from bot.ledger.allowance import Refill
from bot.ledger.policy import Policy, Prices
from bot.ledger.server_rules import Bounds, Limits
from bot.media import probe
from bot.media.signing import C2paSigner, SigningOutcome
from bot.media.signing_keys import BadSigningKeys, read_signing_keys
from bot.moderation.access import AccessRules
from bot.registry import ModelRegistry
from bot.segmind.breaker import BreakerConfig
from bot.segmind.client import RateConfig, Retry, SegmindClient
from bot.segmind.download import DownloadTimeouts
from bot.segmind.scheduler import RequestKind
from bot.segmind.transport import Timeouts
from bot.settings import Settings, SettingsError
from bot.store import OperatorConnection

if TYPE_CHECKING:
    from bot.ops.tracing import JobTraces

log = structlog.stdlib.get_logger(__name__)

# So that a certificate can be renewed before it ends.
_SOON = timedelta(days=30)

FEATURES = "cogs"
"""The package whose modules are the bot's commands."""


def segmind_client(
    settings: Settings,
    clock: Clock | None = None,
    *,
    bears_outages: bool = True,
    heard: Callable[[RequestKind, int | None], None] = lambda _errand, _status: None,
) -> SegmindClient:
    """One that bears outages waits until Segmind is back, however long; the other is told of each failure."""
    its = settings.segmind
    failures = its.outage_failures if bears_outages else sys.maxsize
    return SegmindClient(
        # Segmind's catalogue is public, so there is something to ask even without a key.
        its.key or SecretStr("none"),
        base_url=its.base_url,
        upload_url=its.upload_base,
        history_url=its.history_base,
        timeouts=Timeouts(total=its.submit_timeout, connect=its.connect_timeout, read=its.read_timeout),
        retry=Retry(attempts=its.retries + 1),
        download_timeouts=DownloadTimeouts(total=its.download_timeout, connect=its.connect_timeout),
        allowed_hosts=its.download_hosts,
        rate_config=RateConfig(
            per_minute=its.requests_per_minute,
            breaker=BreakerConfig(failures, its.outage_pause, its.outage_pause_most),
            outage_timeout=its.outage_patience,
        ),
        named_uploads=not its.own,
        clock=clock,
        on_request=heard,
    )


def check_names(settings: Settings, models: ModelRegistry) -> None:
    its = settings.credits
    choices = {
        f"{slug}.{option}.{choice}" for slug, model in models.items() for option, choice in model.card.factors
    }
    for setting, named, known, what in (
        ("credits.prices", set(its.prices), set(models), "no model; the models are"),
        ("credits.factors", set(its.factors), choices, "no choice that changes a cost; those are"),
    ):
        if unknown := sorted(named - known):
            raise SettingsError(
                [f"{setting} names {unknown[0]!r}, which is {what} {', '.join(sorted(known))}"]
            )


def prices_of(settings: Settings) -> Prices:
    its = settings.credits
    return Prices(its.usd, its.prices, its.factors)


def policy_from(settings: Settings) -> Policy:
    its = settings.credits
    return Policy(
        daily=its.daily,
        direct_daily=its.direct_daily,
        refill=Refill(its.refill),
        roles=its.roles,
        monthly=its.server_monthly,
        operator_usd=its.operator_daily_usd,
        limits=Limits(
            per_member=settings.jobs.per_member,
            per_server=settings.jobs.per_server,
            video_seconds=settings.uploads.video_seconds,
            picture_bytes=settings.uploads.picture_bytes,
            video_bytes=settings.uploads.video_bytes,
        ),
        bounds=Bounds(daily=its.daily_most, grant=its.grant_most),
    )


def saved_faces_of(settings: Settings, shelf: FaceRepository, clock: Clock) -> SavedFaces:
    its = settings.faces
    return SavedFaces(
        shelf,
        FaceCipher(its.keys) if its.keys else None,
        clock,
        file_limits(settings),
        days=its.days,
        per_member=its.per_member,
    )


def c2pa_signer_of(
    settings: Settings, clock: Clock, *, heard: Callable[[SigningOutcome], None] = lambda _: None
) -> C2paSigner | None:
    """Who signs results; none where the operator gave nothing to sign with."""
    its = settings.c2pa
    if its.certificates is None and its.key is None:
        return None
    if its.certificates is None or its.key is None:
        missing = "c2pa.certificates" if its.certificates is None else "c2pa.key"
        raise SettingsError([f"results cannot be signed: {missing} is not set, but its other half is"])
    now = datetime.fromtimestamp(clock.now(), UTC)
    try:
        credentials = read_signing_keys(Path(its.certificates), Path(its.key), now)
        c2pa_signer = C2paSigner(credentials, timestamp_url=its.timestamps, on_outcome=heard)
    except BadSigningKeys as error:
        raise SettingsError([f"results cannot be signed: {error}"]) from None
    if credentials.valid_until - now < _SOON:
        log.warning(
            "a certificate that results are signed with ends soon", until=credentials.valid_until.isoformat()
        )
    return c2pa_signer


def traces_of(settings: Settings, clock: Clock) -> "JobTraces | None":
    """Who tells a collector of jobs; none where the operator does not want it, at no cost then."""
    if not settings.ops.traces:
        return None
    plan = settings.discord.shard_plan
    try:
        from bot.ops.tracing import JobTraces  # noqa: PLC0415 - what it needs comes with an extra

        return JobTraces(clock, shards=1 if plan is None else plan.total)
    except ImportError:
        missing = "the packages for it are missing: `pip install 'doppel[otel]'`"
        raise SettingsError([f"jobs cannot be traced: {missing}"]) from None
    except ValueError as error:
        raise SettingsError([f"jobs cannot be traced: {error}"]) from None


def operator_connection(settings: Settings, clock: Clock, *, writing: bool) -> OperatorConnection:
    """For a look into the database beside a running bot."""
    url = settings.database.url.get_secret_value()
    return OperatorConnection(url, start=settings.credits.start, clock=clock, writing=writing)


def contexts_of(settings: Settings) -> Contexts:
    return Contexts(direct=settings.contexts.direct, user_install=settings.contexts.user_install)


def file_limits(settings: Settings) -> probe.Limits:
    its = settings.uploads
    return probe.Limits(
        picture_bytes=its.picture_bytes,
        video_bytes=its.video_bytes,
        pixels=its.pixels,
        video_seconds=its.video_seconds,
        min_side=its.min_side,
    )


def access_rules(settings: Settings) -> AccessRules:
    its = settings.safety
    return AccessRules(
        consent_version=settings.consent.version if settings.consent.required else None,
        age_restricted=its.nsfw_channels,
        blocked=frozenset(its.blocked),
        strikes=its.strikes,
        strike_days=its.strike_days,
        pause_hours=its.pause_hours,
        distance=its.distance,
    )
