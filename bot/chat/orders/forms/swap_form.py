"""The form of `/swap`, which asks for a face, a target and a model."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import discord
from discord import ui

from bot.chat.file_types import MediaUpload
from bot.chat.interactions import Interaction
from bot.chat.orders.attachments import Upload
from bot.chat.orders.display_options import DEFAULT, DisplayOptions
from bot.chat.orders.faces.avatars import AvatarFile
from bot.chat.orders.faces.face_fields import CHOICES, FaceFields
from bot.chat.orders.faces.saved_faces import faces_in_time
from bot.chat.orders.form_price import price_by_terms, terms_in_time
from bot.chat.orders.message_media import PostedFile
from bot.chat.orders.services import OrderServices
from bot.chat.orders.slash_command import AS_GIF, DISPLAY_OPTIONS, FACE, VIDEO_OPTIONS, takes_video
from bot.chat.text import Text
from bot.chat.ui.amounts import rough_duration
from bot.chat.ui.info_card import sanitize
from bot.chat.ui.labels import price_words
from bot.chat.ui.replies import LABEL_LIMIT, Form
from bot.faces.face import Face
from bot.jobs.service import JobService, ModelOff
from bot.ledger.policy import MemberTerms
from bot.ledger.server_rules import OrderDefaults
from bot.media_kind import MediaKind
from bot.models import FaceModel

# Discord's limit for a choice.
CHOICE_LIMIT = 100
# Targets of one order: Discord shows that many files in one message.
MAX_TARGETS = 10


@dataclass(frozen=True, slots=True)
class SwapChoice:
    """Choice in the form: a model, with options that suit its purpose."""

    name: str
    model: type[FaceModel]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def pairs_faces(self) -> bool:
        """Return whether the member chooses which face goes where."""
        return self.model.card.faces > 1

    def takes(self, kind: MediaKind) -> bool:
        return kind in self.model.slots()[self.model.target_slot()].accepts

    def label(self, job_service: JobService, terms: MemberTerms | None, text: Text) -> str:
        card = self.model.card
        price = price_words(card, price_by_terms(terms, job_service, card, self.options), text)
        return text(f"path.{self.name}", price=price, usual=rough_duration(card.seconds, text))[:CHOICE_LIMIT]


@dataclass(frozen=True, slots=True)
class SwapRequest:
    """The choices that a member made in the form."""

    path: SwapChoice
    values: dict[str, Any]
    display: DisplayOptions
    more: Sequence[Upload] = ()
    """Further targets, which make the order a batch."""


class OnlyOneTarget(Exception):
    """The order has several targets, but its model pairs the faces of one picture."""


PlaceOrder = Callable[[Interaction, SwapRequest], Awaitable[None]]


async def form_for(
    interaction: Interaction,
    services: OrderServices,
    paths: Sequence[SwapChoice],
    place_order: PlaceOrder,
    posted: Sequence[PostedFile] = (),
    *,
    avatar: AvatarFile | None = None,
) -> "SwapForm":
    """Build the form with the choices that this member has here. Discord waits at most three seconds.

    With an `avatar`, the form asks for no other face.
    """
    faces: Sequence[Face] = ()
    if avatar is None:
        faces = await faces_in_time(services.saved_faces, interaction.user.id)
    terms = await terms_in_time(services.job_service, interaction)
    off, defaults = (
        (frozenset[str](), OrderDefaults()) if terms is None else (terms.models_off, terms.defaults)
    )
    moves = any(each.moves for each in posted)
    kinds = {each.kind for each in posted} or set(MediaKind)
    if moves:
        kinds.add(MediaKind.VIDEO)
    fitting = [path for path in paths if any(path.takes(kind) for kind in kinds)]
    # For a posted picture, the models for pictures are faster and cheaper than the one for videos.
    if kinds == {MediaKind.PICTURE}:
        fitting = [path for path in fitting if not path.takes(MediaKind.VIDEO)] or fitting
    open_ = [path for path in fitting if path.model.card.slug not in off]
    if not open_:
        raise ModelOff(fitting[0].model.card.slug)
    # A radio group preselects its first choice.
    open_.sort(key=lambda path: path.model.card.slug != defaults.model)
    if moves:
        open_.sort(key=lambda path: not path.takes(MediaKind.VIDEO))
    return SwapForm(
        open_, services, faces, posted, place_order, terms=terms, defaults=defaults, avatar=avatar
    )


class SwapForm(Form):
    """Form with up to five fields: file, face, saved face, target, model, display options."""

    def __init__(
        self,
        paths: Sequence[SwapChoice],
        services: OrderServices,
        faces: Sequence[Face],
        posted: Sequence[PostedFile],
        place_order: PlaceOrder,
        *,
        terms: MemberTerms | None,
        defaults: OrderDefaults,
        avatar: AvatarFile | None = None,
    ) -> None:
        text = services.text
        super().__init__(title=text("swap.title"))
        self._paths = {path.name: path for path in paths}
        self._posted = posted
        self._faces = faces
        self._place_order = place_order
        self._posted_file = _posted_field(posted, text) if len(posted) > 1 else None
        self._avatar = avatar
        most = max(path.model.card.faces for path in paths)
        self._face = FaceFields(faces, text, most=most) if avatar is None else None
        self._target: MediaUpload | None = None
        if not posted:
            kinds = {kind for kind in MediaKind if any(path.takes(kind) for path in paths)}
            self._target = MediaUpload("target", kinds, max_values=MAX_TARGETS)
        self._path = _path_field(paths, services.job_service, terms, text) if len(paths) > 1 else None
        options = VIDEO_OPTIONS if any(takes_video(path.model) for path in paths) else DISPLAY_OPTIONS
        # Members see anything that moves like a GIF as a GIF, even if it is an MP4.
        presets = defaults.named() | {AS_GIF: any(each.moves for each in posted)}
        self._display = _display_field(options, presets, text)
        self._add(text("swap.which"), self._posted_file)
        for label in [] if self._face is None else self._face.labels():
            self.add_item(label)
        self._add(text("swap.target"), self._target)
        self._add(text("swap.path"), self._path)
        self._add(text("swap.wishes"), self._display)

    def preselected(self) -> SwapRequest | None:
        """Request to put the default face into the only file, with the first model that needs no choice."""
        face = next((face for face in self._faces if face.is_default), None)
        if face is None or len(self._posted) != 1 or self._posted[0].moves:
            return None
        (posted,) = self._posted
        fitting = [path for path in self._paths.values() if path.takes(posted.kind) and not path.pairs_faces]
        if not fitting:
            return None
        path = fitting[0]
        values = {**path.options, FACE: face.name, path.model.target_slot(): posted.file}
        return SwapRequest(path, values, DEFAULT)

    async def on_submit(self, interaction: Interaction) -> None:
        await self._place_order(interaction, self._request())

    def _add(self, label: str, field: ui.Item[Any] | None) -> None:
        if field is not None:
            self.add_item(ui.Label(text=label[:LABEL_LIMIT], component=field))

    def _request(self) -> SwapRequest:
        name = next(iter(self._paths)) if self._path is None else self._path.value or ""
        path = self._paths[name]
        values: dict[str, Any] = dict(path.options)
        if self._face is None:
            values[path.model.face_slot()] = self._avatar
        else:
            values |= self._face.values(path.model)
        target, *more = self._target_files()
        values[path.model.target_slot()] = target
        chosen = self._display.values
        hidden, spoiler, direct, as_gif = (name in chosen for name in VIDEO_OPTIONS)
        gif_loops = 0 if as_gif else None
        display = DisplayOptions(hidden=hidden, spoiler=spoiler, direct=direct, gif_loops=gif_loops)
        return SwapRequest(path, values, display, more)

    def _target_files(self) -> Sequence[Upload]:
        if self._target is not None:
            return self._target.values
        chosen = ["0"] if self._posted_file is None else self._posted_file.values
        return [self._posted[number].file for number in sorted(map(int, chosen))]


def _posted_field(posted: Sequence[PostedFile], text: Text) -> ui.Select[Any]:
    options = [
        discord.SelectOption(
            label=f"{number}. {sanitize(each.file.filename, CHOICE_LIMIT - 4)}",
            value=str(number - 1),
            description=text(f"kind.{each.kind}"),
        )
        for number, each in enumerate(posted[:CHOICES], start=1)
    ]
    return ui.Select(custom_id="which", options=options, max_values=min(len(options), MAX_TARGETS))


def _path_field(
    paths: Sequence[SwapChoice], job_service: JobService, terms: MemberTerms | None, text: Text
) -> ui.RadioGroup[Any]:
    group: ui.RadioGroup[Any] = ui.RadioGroup(custom_id="path")
    for number, path in enumerate(paths):
        note = text(f"path.{path.name}_note")[:CHOICE_LIMIT]
        group.add_option(
            label=path.label(job_service, terms, text), value=path.name, description=note, default=not number
        )
    return group


def _display_field(
    options: Mapping[str, str], presets: Mapping[str, Any], text: Text
) -> ui.CheckboxGroup[Any]:
    group: ui.CheckboxGroup[Any] = ui.CheckboxGroup(custom_id="wishes", required=False, min_values=0)
    for name, words in options.items():
        preset = bool(presets.get(name))
        group.add_option(label=text.phrase(words)[:CHOICE_LIMIT], value=name, default=preset)
    return group
