"""Scrapes the metrics of a running bot over HTTP, as Prometheus does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.patience import PATIENCE


@dataclass(frozen=True)
class Scrape:
    """Metrics as one scrape returned them."""

    text: str

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of a metric over all series with these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels(self) -> set[tuple[str, str]]:
        return {
            label
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
            for label in sample.labels.items()
        }

    def names(self) -> set[str]:
        return {family.name for family in text_string_to_metric_families(self.text)}


async def fetch(address: str | None, path: str) -> tuple[int, str, Any]:
    """Status, media type and body, which is parsed if it is JSON."""
    assert address is not None
    async with aiohttp.ClientSession() as session, session.get(f"{address}{path}") as answer:
        known = answer.content_type == "application/json"
        return answer.status, answer.content_type, await (answer.json() if known else answer.text())


async def scrape(address: str | None) -> Scrape:
    status, media_type, text = await fetch(address, "/metrics")
    assert (status, media_type) == (200, "text/plain")
    return Scrape(text)


async def scrape_until(address: str | None, there: Callable[[Scrape], bool]) -> Scrape:
    """The first scrape that meets the condition: a count changes a moment after the member sees the event."""
    found = await scrape(address)
    try:
        async with asyncio.timeout(PATIENCE):
            while not there(found):
                await asyncio.sleep(0.01)
                found = await scrape(address)
    except TimeoutError:
        raise AssertionError(f"it never came to this: {found.text}") from None
    return found
