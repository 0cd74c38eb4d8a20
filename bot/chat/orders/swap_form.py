"""The guided way to an order: one form that asks for a face, a picture, and what matters most."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import discord
import structlog
from discord import ui

from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.orders.attachments import Upload
from bot.chat.orders.display_options import DisplayOptions
from bot.chat.orders.message_media import Posted
from bot.chat.orders.saved_faces import PATIENCE, faces_in_time
from bot.chat.orders.services import OrderServices
from bot.chat.orders.slash_command import FACE, WISHES
from bot.chat.text import Text
from bot.chat.ui.amounts import about
from bot.chat.ui.info_card import sanitize
from bot.chat.ui.labels import price_words
from bot.chat.ui.replies import report_errors
from bot.faces.face import Face
from bot.jobs.service import JobService, ModelOff
from bot.models import FaceModel, MediaKind

log = structlog.stdlib.get_logger(__name__)

# Discord's own bounds.
CHOICES, LABEL_LIMIT, CHOICE_LIMIT = 25, 45, 100
# So long a form may stay open.
OPEN_SECONDS = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Path:
    """What a member may want, and the model that does it."""

    name: str
    model: type[FaceModel]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    pairs_faces: bool = False
    """Whether it matters which face of the one picture goes where in the other."""

    def takes(self, kind: MediaKind) -> bool:
        return kind in self.model.slots()[self.model.target_slot()].accepts

    def label(self, job_service: JobService, text: Text) -> str:
        card = self.model.card
        price = price_words(card, job_service.unit_price(card, self.options), text)
        return text(f"path.{self.name}", price=price, usual=about(card.seconds, text))[:CHOICE_LIMIT]


@dataclass(frozen=True, slots=True)
class Order:
    """What a form that was sent comes to."""

    path: Path
    values: dict[str, Any]
    wish: DisplayOptions


GoOn = Callable[[Interaction, Order], Awaitable[None]]


async def form_for(
    interaction: Interaction,
    services: OrderServices,
    paths: Sequence[Path],
    go_on: GoOn,
    posted: Sequence[Posted] = (),
) -> "SwapForm":
    """Filled with what this member can choose here and now: Discord waits for it, so it is soon there."""
    faces: Sequence[Face] = ()
    if services.saved_faces.enabled:
        faces = await faces_in_time(services.saved_faces, interaction.user.id)
    off = await _models_off(interaction, services)
    kinds = {each.kind for each in posted} or set(MediaKind)
    fitting = [path for path in paths if any(path.takes(kind) for kind in kinds)]
    # Where a picture is there already, a model that is made for videos is a detour.
    if kinds == {MediaKind.PICTURE}:
        fitting = [path for path in fitting if not path.takes(MediaKind.VIDEO)] or fitting
    open_ = [path for path in fitting if path.model.card.slug not in off]
    if not open_:
        raise ModelOff(fitting[0].model.card.slug)
    return SwapForm(open_, services, faces, posted, go_on)


async def _models_off(interaction: Interaction, services: OrderServices) -> frozenset[str]:
    try:
        async with asyncio.timeout(PATIENCE):
            return (await services.job_service.terms(member_of(interaction))).models_off
    except Exception as error:  # noqa: BLE001 - whatever is switched off is refused later, too
        log.info("it could not be asked which models are off", error=type(error).__name__)
        return frozenset()


class SwapForm(ui.Modal):
    def __init__(
        self,
        paths: Sequence[Path],
        services: OrderServices,
        faces: Sequence[Face],
        posted: Sequence[Posted],
        go_on: GoOn,
    ) -> None:
        text = services.text
        super().__init__(title=text("swap.title")[:LABEL_LIMIT], timeout=OPEN_SECONDS)
        self._paths = {path.name: path for path in paths}
        self._posted = posted
        self._go_on = go_on
        self._which = _which(posted, text) if len(posted) > 1 else None
        self._face: ui.FileUpload[Any] = ui.FileUpload(custom_id="face", required=not faces, max_values=1)
        self._saved = _saved(faces) if faces else None
        self._target: ui.FileUpload[Any] | None = None
        if not posted:
            self._target = ui.FileUpload(custom_id="target", max_values=1)
        self._path = _ways(paths, services.job_service, text) if len(paths) > 1 else None
        self._wishes = _wishes(text)
        for key, item in (
            ("swap.which", self._which),
            ("swap.face_or" if faces else "swap.face", self._face),
            ("swap.saved", self._saved),
            ("swap.target", self._target),
            ("swap.path", self._path),
            ("swap.wishes", self._wishes),
        ):
            if item is not None:
                self.add_item(ui.Label(text=text(key)[:LABEL_LIMIT], component=item))

    async def on_submit(self, interaction: Interaction) -> None:
        await report_errors(interaction, lambda: self._go_on(interaction, self._order()))

    def _order(self) -> Order:
        chosen = next(iter(self._paths)) if self._path is None else self._path.value or ""
        path = self._paths[chosen]
        values: dict[str, Any] = dict(path.options)
        # Whoever attaches a face means it, whichever saved one was already chosen in the form.
        if self._face.values:
            values[path.model.face_slot()] = self._face.values[0]
        elif self._saved is not None and self._saved.values:
            values[FACE] = self._saved.values[0]
        values[path.model.target_slot()] = self._given()
        wished = self._wishes.values
        hidden, spoiler, direct = (name in wished for name in WISHES)
        return Order(path, values, DisplayOptions(hidden=hidden, spoiler=spoiler, direct=direct))

    def _given(self) -> Upload:
        if self._target is not None:
            return self._target.values[0]
        return self._posted[0 if self._which is None else int(self._which.values[0])].file


def _which(posted: Sequence[Posted], text: Text) -> ui.Select[Any]:
    options = [
        discord.SelectOption(
            label=f"{number}. {sanitize(each.file.filename, CHOICE_LIMIT - 4)}",
            value=str(number - 1),
            description=text(f"kind.{each.kind}"),
        )
        for number, each in enumerate(posted[:CHOICES], start=1)
    ]
    return ui.Select(custom_id="which", options=options)


def _saved(faces: Sequence[Face]) -> ui.Select[Any]:
    options = [
        discord.SelectOption(label=face.name, value=face.name, default=face.is_default)
        for face in faces[:CHOICES]
    ]
    return ui.Select(custom_id="saved", options=options, required=False, min_values=0)


def _ways(paths: Sequence[Path], job_service: JobService, text: Text) -> ui.RadioGroup[Any]:
    group: ui.RadioGroup[Any] = ui.RadioGroup(custom_id="path")
    for number, path in enumerate(paths):
        note = text(f"path.{path.name}_note")[:CHOICE_LIMIT]
        group.add_option(
            label=path.label(job_service, text), value=path.name, description=note, default=not number
        )
    return group


def _wishes(text: Text) -> ui.CheckboxGroup[Any]:
    group: ui.CheckboxGroup[Any] = ui.CheckboxGroup(custom_id="wishes", required=False, min_values=0)
    for name, words in WISHES.items():
        group.add_option(label=text.phrase(words)[:CHOICE_LIMIT], value=name)
    return group
