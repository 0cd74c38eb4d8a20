"""Parts that the settings alone determine."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from pydantic import SecretStr

from bot.clock import Clock
from bot.media.c2pa.keys import BadSigningKeys
from bot.media.signing import C2paSigner, SigningOutcome
from bot.media.worker.process import MediaWorker
from bot.segmind.breaker import BreakerConfig
from bot.segmind.client import RateConfig, Retry, SegmindClient
from bot.segmind.download import DownloadTimeouts
from bot.segmind.request_queue import RequestKind
from bot.segmind.transport import Timeouts
from bot.settings import Settings, SettingsError

log = structlog.stdlib.get_logger(__name__)

FEATURES = "cogs"
"""The package whose modules are the bot's commands."""

_RENEWAL_NOTICE = timedelta(days=30)


def segmind_client(
    settings: Settings,
    clock: Clock | None = None,
    *,
    waits_out_outages: bool = True,
    on_response: Callable[[RequestKind, int | None], None] = lambda _kind, _status: None,
) -> SegmindClient:
    """Client that waits until Segmind is back, or else reports each failure to its caller."""
    section = settings.segmind
    failures = section.outage_failures if waits_out_outages else sys.maxsize
    return SegmindClient(
        # Segmind's catalogue is public, so it can be read even without a key.
        section.key or SecretStr("none"),
        base_url=section.base_url,
        upload_url=section.upload_base,
        history_url=section.history_base,
        timeouts=Timeouts(
            total=section.submit_timeout, connect=section.connect_timeout, read=section.read_timeout
        ),
        retry=Retry(attempts=section.retries + 1),
        download_timeouts=DownloadTimeouts(total=section.download_timeout, connect=section.connect_timeout),
        allowed_hosts=section.download_hosts,
        rate_config=RateConfig(
            per_minute=section.requests_per_minute,
            breaker=BreakerConfig(failures, section.outage_pause, section.outage_pause_most),
            outage_timeout=section.outage_patience,
        ),
        named_uploads=not section.own,
        clock=clock,
        on_request=on_response,
    )


async def c2pa_signer_of(
    settings: Settings,
    clock: Clock,
    worker: MediaWorker,
    *,
    on_signing: Callable[[SigningOutcome], None] = lambda _: None,
) -> C2paSigner | None:
    """Signer of results, or None if the operator has configured no certificate."""
    section = settings.c2pa
    if section.certificates is None and section.key is None:
        return None
    if section.certificates is None or section.key is None:
        missing = "c2pa.certificates" if section.certificates is None else "c2pa.key"
        raise SettingsError([f"results cannot be signed: {missing} is not set, but the other one is"])
    # Without certificates, the bot does not load the cryptography that reads them.
    from bot.media.c2pa.certificates import read_signing_keys  # noqa: PLC0415

    now = datetime.fromtimestamp(clock.now(), UTC)
    try:
        keys = read_signing_keys(Path(section.certificates), Path(section.key), now)
        signer = await C2paSigner.create(
            worker, keys, timestamp_url=section.timestamps, on_outcome=on_signing
        )
    except BadSigningKeys as error:
        raise SettingsError([f"results cannot be signed: {error}"]) from None
    if keys.valid_until - now < _RENEWAL_NOTICE:
        log.warning("signing certificate expires soon", until=keys.valid_until.isoformat())
    return signer
