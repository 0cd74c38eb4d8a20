"""Parsers of responses that belong to no job: balance, catalogue of models, uploads (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.segmind.errors import Unavailable, UnreadableResponse
from bot.segmind.outputs import is_url
from bot.segmind.responses import CLIENT_ERRORS, OK, Response, fields_of, number_of, refused, rows_of


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits left at Segmind, in USD: paid and free ones."""

    credits: float
    free: float

    @property
    def total(self) -> float:
        return self.credits + self.free


@dataclass(frozen=True, slots=True)
class ListedModel:
    """Model in Segmind's catalogue."""

    slug: str
    deprecated: bool
    parameters_schema: Mapping[str, Any] = field(repr=False)


def parse_upload(response: Response) -> str:
    """URL of the one uploaded file: from `file_urls`, or from `urls` on older servers."""
    body = _body(response)
    for key in ("file_urls", "urls"):
        for url in rows_of(fields_of(body).get(key)):
            if isinstance(url, str) and is_url(url):
                return url
    raise UnreadableResponse("the response to the upload contains no URL")


def parse_credits(response: Response) -> Balance:
    body = fields_of(_body(response))
    paid, free = number_of(body.get("credits")), number_of(body.get("free-credits"))
    if paid is None and free is None:
        raise UnreadableResponse("the balance contains no number")
    return Balance(paid or 0.0, free or 0.0)


def parse_catalogue(response: Response) -> tuple[ListedModel, ...]:
    """Models in a bare list or under a key; skips entries without a slug."""
    body = _body(response)
    entries = rows_of(body)
    for key in ("data", "models", "results", "items"):
        entries = entries or rows_of(fields_of(body).get(key))
    models = tuple(
        ListedModel(slug, _is_deprecated(entry), fields_of(entry.get("parameters_schema")))
        for entry in map(fields_of, entries)
        if isinstance(slug := entry.get("slug"), str) and slug
    )
    if not models:
        raise UnreadableResponse("the catalogue contains no model")
    return models


def _is_deprecated(fields: Mapping[str, Any]) -> bool:
    # `is_depreciated` is how Segmind spells it.
    return any(fields.get(key) in (True, 1, "true", "True") for key in ("is_depreciated", "is_deprecated"))


def _body(response: Response) -> Any:
    if response.status in OK:
        return response.json()
    # These requests cost nothing, so `Refused` cannot be mistaken for a submission that was not charged.
    raise refused(response) if response.status in CLIENT_ERRORS else Unavailable(response.detail())
