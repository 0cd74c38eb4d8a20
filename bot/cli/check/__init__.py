"""`doppel check`: a table of what is configured, reachable and missing."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.cli.check.discord import discord_findings
from bot.cli.check.finding import Finding, table
from bot.cli.check.local import local_findings
from bot.cli.check.segmind import segmind_findings
from bot.cli.startup import load_settings
from bot.ops.logs import configure
from bot.settings import Settings, secrets_file
from bot.wiring.factories import segmind_client

# Without a network, the table has to come at once and not after all retries.
CONNECT_TIMEOUT = 3.0


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
        discord, local, segmind = await asyncio.gather(
            discord_findings(settings, connect_timeout),
            local_findings(settings, secrets),
            segmind_findings(settings, client),
        )
        return [*discord, *local, *segmind]


async def _check_and_print(settings: Settings, secrets: Path) -> Sequence[Finding]:
    findings = await check(settings, secrets)
    # Printed here, because the end of the loop waits for a name server that does not answer.
    print(table(findings), flush=True)
    return findings
