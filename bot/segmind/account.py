"""What stands beside the jobs: the balance, the catalogue of models and the uploads (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.segmind.errors import SegmindError, Unavailable, UnreadableResponse
from bot.segmind.outputs import is_address
from bot.segmind.responses import CLIENT_ERRORS, OK, Response, fields_of, number_of, refusal, rows_of


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left at Segmind, in USD: paid and free credits apart."""

    credits: float
    free: float

    @property
    def total(self) -> float:
        return self.credits + self.free


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as Segmind's catalogue lists it."""

    slug: str
    deprecated: bool
    parameters_schema: Mapping[str, Any] = field(repr=False)


def decipher_upload(answer: Response) -> str:
    """The address of the one file that was uploaded: `file_urls`, or `urls` on older servers."""
    body = _body(answer)
    for key in ("file_urls", "urls"):
        for url in rows_of(fields_of(body).get(key)):
            if isinstance(url, str) and is_address(url):
                return url
    raise UnreadableResponse("the upload was answered without an address")


def decipher_credits(answer: Response) -> Balance:
    body = fields_of(_body(answer))
    paid, free = number_of(body.get("credits")), number_of(body.get("free-credits"))
    if paid is None and free is None:
        raise UnreadableResponse("the balance was answered without a number")
    return Balance(paid or 0.0, free or 0.0)


def decipher_catalogue(answer: Response) -> tuple[ListedModel, ...]:
    """The models, bare or under a key; entries without a slug are skipped."""
    body = _body(answer)
    listed = rows_of(body)
    for key in ("data", "models", "results", "items"):
        listed = listed or rows_of(fields_of(body).get(key))
    found = tuple(
        ListedModel(slug, _is_deprecated(each), fields_of(each.get("parameters_schema")))
        for each in map(fields_of, listed)
        if isinstance(slug := each.get("slug"), str) and slug
    )
    if not found:
        raise UnreadableResponse("the catalogue was answered without a model")
    return found


def _is_deprecated(fields: Mapping[str, Any]) -> bool:
    # `is_depreciated` is how Segmind spells it.
    return any(fields.get(key) in (True, 1, "true", "True") for key in ("is_depreciated", "is_deprecated"))


def _body(answer: Response) -> Any:
    if answer.status in OK:
        return answer.json()
    raise _error(answer)


def _error(answer: Response) -> SegmindError:
    """Nothing was paid or taken by asking, so a refusal is told as what it is."""
    return refusal(answer) if answer.status in CLIENT_ERRORS else Unavailable(answer.detail())
