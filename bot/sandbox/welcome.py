"""First message in the channel: what to try, and sample files to try it with."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import discord
from discord import ui

from bot.app import App
from bot.models import FaceModel, MediaKind
from bot.sandbox.guild import Guild

SAMPLES = Path(__file__).with_name("samples")
FACE, TARGET, CLIP = "face_a.jpg", "face_b.jpg", "clip.mp4"
# Targets for models that the default target does not show well.
TARGETS: Mapping[str, str] = {"faceswap-comic": "comic.jpg", "faceswap-v3-multifaceswap": "group.jpg"}
# The local Segmind reads these words in file names.
OUTCOMES_BY_NAME: Mapping[str, str] = {
    "slow": "takes three times as long",
    "fail": "fails",
    "blocked": "is refused by content rules",
}
BLURPLE = 0x5865F2

Interaction = discord.Interaction[Any]


PlaceOrder = Callable[[Interaction, type[FaceModel], dict[str, Any]], Awaitable[None]]
"""Places an order as the slash commands do."""


class Welcome(ui.LayoutView):
    """The welcome message, with a **Show me** button for each model."""

    def __init__(
        self, order: PlaceOrder, models: Iterable[type[FaceModel]], *, folder: Path, speed: float
    ) -> None:
        super().__init__(timeout=None)
        box: ui.Container[Welcome] = ui.Container(accent_colour=BLURPLE)
        box.add_item(
            ui.TextDisplay(
                "## Swap a face\nType `/swap`: its form asks for a face and a picture. "
                "Or press **Show me** to see it done with the files below."
            )
        )
        for model in models:
            words = f"`/{model.card.slug}`\n{model.card.summary}."
            box.add_item(ui.Section(ui.TextDisplay(words), accessory=ShowMe(order, model)))
        addresses = [f"attachment://{path.name}" for path in samples()]
        pictures = [each for each in addresses if not each.endswith(CLIP)]
        box.add_item(ui.MediaGallery(*map(discord.MediaGalleryItem, pictures)))
        box.add_item(ui.File(f"attachment://{CLIP}"))
        scripted = ", ".join(f"`{word}` {what}" for word, what in OUTCOMES_BY_NAME.items())
        box.add_item(
            ui.TextDisplay(
                f"These files are in `{folder}`, too.\nThe name of a file decides what happens: {scripted}.\n"
                f"-# Nothing leaves this computer. Jobs run {speed:g} times as fast as at Segmind.\n"
                "-# Just like in production, your first order asks for consent once.\n"
                "-# It spends credits, too: `doppel sandbox --fresh` gives them back and empties the chat.\n"
                "-# “Viewing as”, at the top, makes you a member, a moderator or an administrator.\n"
                "-# Right-click a message or a member for the bot's menus. Reports arrive in **#moderators**."
            )
        )
        self.add_item(box)


class ShowMe(ui.Button[Welcome]):
    """Places the slash command's order with the samples of the message."""

    def __init__(self, order: PlaceOrder, model: type[FaceModel]) -> None:
        super().__init__(label="Show me", custom_id=f"show:{model.card.slug}")
        self._order = order
        self._model = model

    async def callback(self, interaction: Interaction) -> None:
        message = interaction.message
        files = {file.filename: file for file in message.attachments} if message is not None else {}
        values = {slot: files[name] for slot, name in samples_for(self._model).items()}
        await self._order(interaction, self._model, values)


async def post_welcome(app: App, guild: Guild, *, folder: Path, speed: float) -> bool:
    """Post the welcome, or bring the one of an earlier run up to date; return whether it is new."""
    channel = app.client.get_partial_messageable(guild.channel.id, guild_id=guild.id)
    view = Welcome(app.client.orders.order_handler.handle, app.models.values(), folder=folder, speed=speed)
    for message in guild.channel.history():
        if any(file.filename == FACE for file in message.attachments):
            # Its buttons work again, and its words may have changed.
            await channel.get_partial_message(message.id).edit(view=view)
            return False
    await channel.send(view=view, files=[discord.File(path) for path in samples()])
    return True


def samples() -> list[Path]:
    return sorted(SAMPLES.iterdir())


def samples_for(model: type[FaceModel]) -> dict[str, str]:
    """Choose a sample for each required file of a model: a face first, then targets."""
    required = {each.name for each in model.parameters() if each.required}
    names: dict[str, str] = {}
    for slot, media in model.slots().items():
        if slot not in required:
            continue
        if not names:
            names[slot] = FACE
        elif MediaKind.VIDEO in media.accepts:
            names[slot] = CLIP
        else:
            names[slot] = TARGETS.get(model.card.slug, TARGET)
    return names


def copy_samples(folder: Path) -> Path:
    """Copy the samples to a folder for the file dialog, and a face under each scripted name."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in samples():
        (folder / path.name).write_bytes(path.read_bytes())
    for word in OUTCOMES_BY_NAME:
        (folder / f"{word}.jpg").write_bytes((SAMPLES / FACE).read_bytes())
    return folder.resolve()
