"""Face-swap models: their card, their parameters and the validation of their values.

Each model is declared once, as a class in `cogs/`. The slash command, the validation, the request body, the
price, the local Segmind and the documentation all come from that class.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from bot.media_kind import MediaKind
from bot.segmind.nonce import with_nonce

MAX_FACE_INDEXES = 20
MAIN_OPTIONS = 5
# Segmind's names for the format of the result.
_FORMAT_OPTIONS = ("image_format", "output_format")


@dataclass(frozen=True, slots=True)
class MediaSlot:
    """Mark of a parameter that takes a file."""

    accepts: frozenset[MediaKind]


@dataclass(frozen=True, slots=True)
class TransportOption:
    """Mark of a parameter about the transport of bytes: the bot sends it, and members do not choose it."""


def _url(value: str) -> str:
    if urlsplit(value).scheme not in {"http", "https", "data"}:
        raise ValueError("must be an http(s) address or a data URI")
    return value


def _face_indexes(value: str) -> str:
    """Indexes in the order of detection, counted from 0; spaces are removed."""
    compact = re.sub(r"\s+", "", value)
    if not re.fullmatch(r"\d{1,2}(,\d{1,2})*", compact):
        raise ValueError("must be face numbers separated by commas, counted from 0, such as 0,1,2")
    if compact.count(",") >= MAX_FACE_INDEXES:
        raise ValueError(f"must name {MAX_FACE_INDEXES} faces at most")
    return compact


Picture = Annotated[str, AfterValidator(_url), MediaSlot(frozenset({MediaKind.PICTURE}))]
PictureOrVideo = Annotated[str, AfterValidator(_url), MediaSlot(frozenset(MediaKind))]
FaceIndexes = Annotated[str, AfterValidator(_face_indexes)]
Base64 = Annotated[bool, TransportOption()]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Facts about a model besides its parameters."""

    slug: str
    title: str
    summary: str
    seconds: float
    """Usual time from submission to result, from Segmind's own page."""
    usd: float
    """Documented cost of one result, or of each started `per_seconds` of video."""
    per_seconds: float | None
    factors: Mapping[tuple[str, str], float]
    """Factors on the cost by option and value: `("hardware", "cost"): 0.6` makes that choice cheaper."""
    main: tuple[str, ...] = ()
    """Options that a form offers for another attempt; without any, the first ones."""
    faces: int = 1
    """Most people whose faces one order takes."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Parameter of a model, read from its declaration."""

    name: str
    description: str
    type: type[str] | type[int] | type[float] | type[bool]
    required: bool
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    slot: MediaSlot | None = None
    transport: bool = False


class FaceModel(BaseModel):
    """Base of the declarations: `class FaceswapV5(FaceModel, slug=…, title=…, seconds=…, usd=…)`."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    card: ClassVar[ModelCard]

    def __init_subclass__(
        cls,
        *,
        slug: str,
        title: str = "",
        seconds: float,
        usd: float,
        per_seconds: float | None = None,
        factors: Mapping[tuple[str, str], float] | None = None,
        main: tuple[str, ...] = (),
        faces: int = 1,
    ) -> None:
        super().__init_subclass__()
        # pydantic has a keyword `title`, too: it takes it out and keeps it in the model's configuration.
        title = cls.model_config.get("title") or title
        summary = (cls.__doc__ or title).partition("\n")[0].rstrip(".")
        cls.card = ModelCard(slug, title, summary, seconds, usd, per_seconds, factors or {}, main, faces)

    @classmethod
    @cache
    def parameters(cls) -> Sequence[Parameter]:
        return [_parameter(name, field) for name, field in cls.model_fields.items()]

    @classmethod
    def slots(cls) -> Mapping[str, MediaSlot]:
        """Parameters that take files, in the order of declaration."""
        return {each.name: each.slot for each in cls.parameters() if each.slot is not None}

    @classmethod
    def face_slot(cls) -> str:
        """Parameter that takes the face; every model declares it before its other files."""
        return next(iter(cls.slots()))

    @classmethod
    def target_slot(cls) -> str:
        """Parameter that takes the target, which is the second file of every model."""
        return list(cls.slots())[1]

    @classmethod
    def format_option(cls) -> Parameter | None:
        """Parameter that chooses the format of a picture, if the model has one."""
        return next((each for each in cls.parameters() if each.name in _FORMAT_OPTIONS), None)

    @classmethod
    def pairing(cls, sources: Sequence[int], targets: Sequence[int]) -> Mapping[str, Any]:
        """Options that put each of these faces of the source on the face of the target beside it.

        Faces are counted from 0, from the left. A model that takes several people's faces overrides this.
        """
        del sources, targets
        return {}

    @classmethod
    def main_options(cls) -> list[Parameter]:
        """Options that a form offers; Discord allows it only a few fields."""
        plain = [each for each in cls.parameters() if each.slot is None and not each.transport]
        chosen = [each for each in plain if each.name in cls.card.main] or plain
        return chosen[:MAIN_OPTIONS]

    def request_body(self) -> dict[str, Any]:
        """Body of the request: every parameter that has a value."""
        return self.model_dump(exclude_none=True)

    def changed_options(self) -> dict[str, Any]:
        """Options that differ from their defaults, without the files."""
        return {
            each.name: value
            for each in self.parameters()
            if each.slot is None and (value := getattr(self, each.name)) != each.default
        }

    def with_nonce(self, nonce: str) -> Self:
        """Return the same order with the nonce in the first file's URL.

        Segmind has no idempotency key. Its history shows the inputs as they were sent, so a parameter in the
        query of the first URL identifies the request there.
        """
        name = self.face_slot()
        return self.model_copy(update={name: with_nonce(getattr(self, name), nonce)})


def _parameter(name: str, field: FieldInfo) -> Parameter:
    type_, choices = _plain_type(field.annotation)
    return Parameter(
        name=name,
        description=field.description or name,
        type=type_,
        required=field.is_required(),
        default=None if field.is_required() else field.default,
        choices=choices,
        minimum=_bound(field, "ge", type_),
        maximum=_bound(field, "le", type_),
        slot=next((mark for mark in _marks(field) if isinstance(mark, MediaSlot)), None),
        transport=any(isinstance(mark, TransportOption) for mark in _marks(field)),
    )


def _marks(field: FieldInfo) -> Iterator[Any]:
    """Metadata of the field and, where it is optional, of the type inside."""
    yield from field.metadata
    for part in get_args(field.annotation):
        if get_origin(part) is Annotated:
            yield from part.__metadata__


def _bound(field: FieldInfo, side: str, type_: type[Any]) -> float | None:
    return next((type_(getattr(mark, side)) for mark in field.metadata if hasattr(mark, side)), None)


def _plain_type(annotation: Any) -> tuple[Any, tuple[str, ...]]:
    """Plain type behind an annotation, and the choices of a `Literal`."""
    if get_origin(annotation) is Literal:
        return str, get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _plain_type(get_args(annotation)[0])
    if isinstance(annotation, type):
        return annotation, ()
    return _plain_type(next(part for part in get_args(annotation) if part is not type(None)))
