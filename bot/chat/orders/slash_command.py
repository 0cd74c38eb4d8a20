"""A face model becomes a slash command: one option per parameter, with its range and its choices."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

import discord
from discord import app_commands

from bot.chat.interactions import Interaction
from bot.chat.orders.display_options import DisplayOptions
from bot.models import FaceModel, ModelCard, Parameter

Handler = Callable[[Interaction, type[FaceModel], dict[str, Any], DisplayOptions], Awaitable[None]]
FaceChoices = Callable[[Interaction, str], Awaitable[list[app_commands.Choice[str]]]]
"""What is offered of a member's saved faces while they type."""

DESCRIPTION_LIMIT = 100
# Discord passes numbers as IEEE doubles, which are exact up to here.
INTEGER_LIMIT = 2**53 - 1
# What every order may wish for, whatever the model.
WISHES: Mapping[str, str] = {
    "hidden": "Only you see the order and its result",
    "spoiler": "Cover the pictures until somebody clicks on them",
    "send_to_me": "Send the result to you in private; the channel only reads that it is done",
}


FACE = "face"
"""The option that stands for the face's file."""
_SAVED_FACE = Parameter(
    name=FACE,
    description="One of your saved faces, in the place of an attached one",
    type=str,
    required=False,
    default=None,
    choices=(),
    minimum=None,
    maximum=None,
    slot=None,
    transport=False,
)


def command_for(
    model: type[FaceModel], handler: Handler, *, price: str, face_choices: FaceChoices | None = None
) -> app_commands.Command[Any, ..., None]:
    async def callback(interaction: Interaction, **values: Any) -> None:
        await handler(interaction, model, values, _wish(values))

    shown = list(options(model) if face_choices is None else options_with_faces(model))
    # discord.py reads the options from the signature, so the signature is written from the model.
    signature = [
        inspect.Parameter(
            "interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction
        ),
        *(_signature(option) for option in shown),
        *(_wish_signature(name) for name in WISHES),
    ]
    vars(callback)["__signature__"] = inspect.Signature(signature)
    descriptions = {option.name: _fit(option.description) for option in shown} | WISHES
    describe = app_commands.describe(
        **{name: app_commands.locale_str(words) for name, words in descriptions.items()}
    )
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=model.card.slug,
        description=app_commands.locale_str(
            summed_up(model.card, model.card.summary, price), card=model.card
        ),
        callback=describe(callback),
        # Segmind's names and values are the same in every language, so only the descriptions are translated.
        auto_locale_strings=False,
    )
    if face_choices is not None:
        _offer(command, face_choices)
    return command


def _offer(command: app_commands.Command[Any, ..., None], face_choices: FaceChoices) -> None:
    @command.autocomplete(FACE)
    async def offered(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:  # pyright: ignore[reportUnusedFunction]
        return await face_choices(interaction, typed)


def summed_up(card: ModelCard, summary: str, price: str) -> str:
    """A model's command in one line, with the summary and the price in anybody's language."""
    return _fit(f"{card.title}: {summary}", price)


def options(model: type[FaceModel]) -> Iterator[Parameter]:
    """What a member may fill in; Discord wants the required options first."""
    shown = [each for each in model.parameters() if not each.transport]
    yield from sorted(shown, key=lambda each: not each.required)


def options_with_faces(model: type[FaceModel]) -> Iterator[Parameter]:
    """The face may be attached or saved before, so Discord can ask for neither of the two."""
    slot = model.face_slot()
    for option in sorted(options(model), key=lambda each: not each.required or each.name == slot):
        if option.name == slot:
            yield replace(option, required=False, default=None)
            yield _SAVED_FACE
        else:
            yield option


def _signature(option: Parameter) -> inspect.Parameter:
    return inspect.Parameter(
        option.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        annotation=_annotation(option),
        default=inspect.Parameter.empty if option.required else option.default,
    )


def _wish_signature(name: str) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=bool, default=False)


def _wish(values: dict[str, Any]) -> DisplayOptions:
    """What was wished for, taken out of what the model is given."""
    hidden, spoiler, direct = (values.pop(name, False) for name in WISHES)
    return DisplayOptions(hidden=hidden, spoiler=spoiler, direct=direct)


def _annotation(option: Parameter) -> Any:
    if option.slot is not None:
        kind: Any = discord.Attachment
    elif option.choices:
        kind = Literal[option.choices]
    elif option.type in (int, float):
        low, high = option.minimum, option.maximum
        kind = app_commands.Range[
            option.type,
            -INTEGER_LIMIT if low is None else low,
            INTEGER_LIMIT if high is None else high,
        ]
    else:
        kind = option.type
    return kind | None if option.default is None and not option.required else kind


def _fit(text: str, price: str = "") -> str:
    """A price is shown whole or not at all."""
    if price and len(priced := f"{text} · {price}") <= DESCRIPTION_LIMIT:
        return priced
    return text if len(text) <= DESCRIPTION_LIMIT else f"{text[: DESCRIPTION_LIMIT - 1]}…"
