"""Builds a model's slash command: one option per parameter, with its range and its choices."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

import discord
from discord import app_commands

from bot.chat.file_types import file_type_extras
from bot.chat.interactions import Interaction
from bot.chat.orders.display_options import DisplayOptions
from bot.chat.ui.order_summary import SEED
from bot.media_kind import MediaKind
from bot.models import FaceModel, ModelCard, Parameter

Handler = Callable[[Interaction, type[FaceModel], dict[str, Any], DisplayOptions], Awaitable[None]]
FaceChoices = Callable[[Interaction, str], Awaitable[list[app_commands.Choice[str]]]]
"""Suggests saved faces while a member types."""

DESCRIPTION_LIMIT = 100
# Discord transmits numbers as IEEE doubles, which are exact up to this one.
INTEGER_LIMIT = 2**53 - 1
# Every model's command has these options.
DISPLAY_OPTIONS: Mapping[str, str] = {
    "hidden": "Show the order and its result only to you",
    "spoiler": "Mark the result as a spoiler",
    "send_to_me": "Send the result to you as a direct message",
}
AS_GIF = "as_gif"
# Those of models that take videos have this one, too.
VIDEO_OPTIONS: Mapping[str, str] = DISPLAY_OPTIONS | {AS_GIF: "Send the video as a GIF"}

FACE = "face"
"""The option for a saved face, instead of a file."""
_SAVED_FACE = Parameter(
    name=FACE,
    description="One of your saved faces, instead of an attached picture",
    type=str,
    required=False,
)
_MORE_FACES = "A saved face of another person"


def saved_face_options(model: type[FaceModel]) -> list[str]:
    """The options for saved faces, one for each person whose face an order takes."""
    return [FACE, *(f"{FACE}{number}" for number in range(2, model.card.faces + 1))]


def command_for(
    model: type[FaceModel], handler: Handler, *, price: str, face_choices: FaceChoices | None = None
) -> app_commands.Command[Any, ..., None]:
    async def callback(interaction: Interaction, **values: Any) -> None:
        await handler(interaction, model, values, _display_options(values))

    display = VIDEO_OPTIONS if takes_video(model) else DISPLAY_OPTIONS
    shown = list(options(model) if face_choices is None else options_with_faces(model))
    # discord.py reads the options from the signature of the callback.
    signature = [
        inspect.Parameter(
            "interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction
        ),
        *(_signature(option) for option in shown),
        *(_display_signature(name) for name in display),
    ]
    vars(callback)["__signature__"] = inspect.Signature(signature)
    descriptions = {option.name: _fit(option.description) for option in shown} | dict(display)
    describe = app_commands.describe(
        **{name: app_commands.locale_str(words) for name, words in descriptions.items()}
    )
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=model.card.slug,
        description=app_commands.locale_str(
            command_description(model.card, model.card.summary, price), card=model.card
        ),
        callback=describe(callback),
        # Segmind's names and values are the same in every language, so only the descriptions are translated.
        auto_locale_strings=False,
        extras=file_type_extras(**{name: slot.accepts for name, slot in model.slots().items()}),
    )
    if face_choices is not None:
        for name in saved_face_options(model):
            _offer(command, name, face_choices)
    return command


def _offer(command: app_commands.Command[Any, ..., None], name: str, face_choices: FaceChoices) -> None:
    @command.autocomplete(name)
    async def offered(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:  # pyright: ignore[reportUnusedFunction]
        return await face_choices(interaction, typed)


def command_description(card: ModelCard, summary: str, price: str) -> str:
    """Description of a model's command, with a translated summary and price."""
    return _fit(f"{card.title}: {summary}", price)


def options(model: type[FaceModel]) -> Iterator[Parameter]:
    """The parameters that a member can fill in, the required ones first, as Discord demands."""
    shown = [
        # Without a typed seed, each order gets a random one.
        replace(each, default=None) if each.name == SEED else each
        for each in model.parameters()
        if not each.transport
    ]
    yield from sorted(shown, key=lambda each: not each.required)


def options_with_faces(model: type[FaceModel]) -> Iterator[Parameter]:
    """The same with options for saved faces, which make the face's file optional."""
    slot = model.face_slot()
    for option in sorted(options(model), key=lambda each: not each.required or each.name == slot):
        if option.name == slot:
            yield replace(option, required=False, default=None)
            yield _SAVED_FACE
            for name in saved_face_options(model)[1:]:
                yield replace(_SAVED_FACE, name=name, description=_MORE_FACES)
        else:
            yield option


def _signature(option: Parameter) -> inspect.Parameter:
    return inspect.Parameter(
        option.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        annotation=_annotation(option),
        # An option that was left out stays open, for the server's defaults and then for the model's.
        default=inspect.Parameter.empty if option.required else None,
    )


def takes_video(model: type[FaceModel]) -> bool:
    return any(MediaKind.VIDEO in slot.accepts for slot in model.slots().values())


def _display_signature(name: str) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=bool, default=None)


def _display_options(values: dict[str, Any]) -> DisplayOptions:
    """Remove the display options from the values, which then are the model's alone."""
    hidden, spoiler, direct, as_gif = (values.pop(name, None) for name in VIDEO_OPTIONS)
    gif_loops = 0 if as_gif else None
    return DisplayOptions(hidden=hidden, spoiler=spoiler, direct=bool(direct), gif_loops=gif_loops)


def _annotation(option: Parameter) -> Any:
    # Also an optional one goes without `| None`, because its default says so. Python keeps one union for two
    # models that offer the same choices in another order, and would show one of them the other's order.
    if option.slot is not None:
        return discord.Attachment
    if option.choices:
        return Literal[option.choices]
    if option.type in (int, float):
        low, high = option.minimum, option.maximum
        return app_commands.Range[
            option.type,
            -INTEGER_LIMIT if low is None else low,
            INTEGER_LIMIT if high is None else high,
        ]
    return option.type


def _fit(text: str, price: str = "") -> str:
    """Cut the text to Discord's limit; leave the price out if it does not fit."""
    if price and len(priced := f"{text} · {price}") <= DESCRIPTION_LIMIT:
        return priced
    return text if len(text) <= DESCRIPTION_LIMIT else f"{text[: DESCRIPTION_LIMIT - 1]}…"
