"""First message in the channel: what to try, and sample files to try it with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
from discord import ui

from bot.app import App
from bot.chat.orders.faces.face_sheets import FacePhotos
from bot.chat.orders.order_handler import OrderHandler
from bot.media_kind import MediaKind
from bot.models import FaceModel
from bot.sandbox.avatars import SAMPLES
from bot.sandbox.guild import Guild

FACE, TARGET, CLIP = "astronaut.jpg", "admiral.jpg", "clip.mp4"
# Targets for models that the default target does not show well.
TARGETS: Mapping[str, str] = {"faceswap-comic": "painting.jpg", "faceswap-v3-multifaceswap": "group.jpg"}
# Further targets of the batch.
MORE_TARGETS = ("navigator.jpg", "painting.jpg")
# People of the group, who change places in the target.
PEOPLE = ("navigator.jpg", "admiral.jpg", "astronaut.jpg", "painting.jpg")
POSTED = ("admiral.jpg", "painting.jpg", "group.jpg")
# The local Segmind reads these words in file names.
OUTCOMES_BY_NAME: Mapping[str, str] = {
    "slow": "takes three times as long",
    "fail": "fails",
    "blocked": "is refused by content rules",
}
BATCH_MODEL, GROUP_MODEL = "faceswap-v5", "faceswap-v3-multifaceswap"
BLURPLE = 0x5865F2

Interaction = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class Demo:
    """An order with the samples, which a button of the welcome places."""

    name: str
    words: str
    model: type[FaceModel]
    files: Mapping[str, str]
    """Sample of each slot."""
    more: Sequence[str] = ()
    """Samples that are further targets."""
    faces: Sequence[str] = ()
    """Samples of one person each, to use instead of a single face."""


class Welcome(ui.LayoutView):
    """The welcome message, with a **Show me** button for each demo."""

    def __init__(
        self, order_handler: OrderHandler, demos: Iterable[Demo], *, folder: Path, speed: float
    ) -> None:
        super().__init__(timeout=None)
        box: ui.Container[Welcome] = ui.Container(accent_colour=BLURPLE)
        box.add_item(
            ui.TextDisplay(
                "## Swap a face\nType `/swap`: its form asks for a face and a picture. "
                "Or press **Show me** to see it done with the files below."
            )
        )
        for demo in demos:
            box.add_item(ui.Section(ui.TextDisplay(demo.words), accessory=ShowMeButton(order_handler, demo)))
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
                "-# Right-click a message or a member for the bot's menus; **#pictures** has some to try.\n"
                "-# Press **Report** on somebody else's result, and decide it in **#moderators** as Mika."
            )
        )
        self.add_item(box)


class ShowMeButton(ui.Button[Welcome]):
    """Places the order of a demo with the samples of the message."""

    def __init__(self, order_handler: OrderHandler, demo: Demo) -> None:
        super().__init__(label="Show me", custom_id=f"show:{demo.name}")
        self._order_handler = order_handler
        self._demo = demo

    async def callback(self, interaction: Interaction) -> None:
        message = interaction.message
        files = {file.filename: file for file in message.attachments} if message is not None else {}
        demo = self._demo
        values: dict[str, Any] = {slot: files[name] for slot, name in demo.files.items()}
        if demo.faces:
            values[demo.model.face_slot()] = FacePhotos(tuple(files[name] for name in demo.faces))
        await self._order_handler.handle(
            interaction, demo.model, values, more=[files[name] for name in demo.more]
        )


def demos(models: Iterable[type[FaceModel]]) -> list[Demo]:
    """A demo of each model, one of a batch, and one of a group from separate photos."""
    found = [
        Demo(model.card.slug, f"`/{model.card.slug}`\n{model.card.summary}.", model, samples_for(model))
        for model in models
    ]
    by_name = {demo.name: demo for demo in found}
    single, several = by_name[BATCH_MODEL], by_name[GROUP_MODEL]
    batch = "**A batch**\nSeveral targets in one order, with one price and one card."
    group = "**A group**\nA photo of each person, and all of them in one picture."
    return [
        *found,
        Demo("batch", batch, single.model, single.files, MORE_TARGETS),
        Demo("group", group, several.model, several.files, faces=PEOPLE),
    ]


async def post_welcome(app: App, guild: Guild, *, folder: Path, speed: float) -> bool:
    """Post the welcome, or bring the one of an earlier run up to date; return whether it is new."""
    channel = app.client.get_partial_messageable(guild.channel.id, guild_id=guild.id)
    view = Welcome(app.client.orders.order_handler, demos(app.models.values()), folder=folder, speed=speed)
    for message in guild.channel.history():
        if any(file.filename == FACE for file in message.attachments):
            # Its buttons work again, and its words may have changed.
            await channel.get_partial_message(message.id).edit(view=view)
            return False
    await channel.send(view=view, files=[discord.File(path) for path in samples()])
    return True


async def furnish(guild: Guild) -> None:
    """Give a new server pictures for the menus, and moderators whom reports reach."""
    posted = [(name, (SAMPLES / name).read_bytes()) for name in POSTED]
    await guild.administrator.send(
        guild.pictures,
        "Put your face into these: right-click this message, and pick **Swap a face into this**.",
        attachments=posted,
    )
    channel = guild.moderators
    await guild.administrator.slash(channel, "admin log", channel=channel, pictures=True)


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
