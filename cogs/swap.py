"""The guided ways to an order: `/swap`, and a menu on any message with a picture."""

import discord
from discord import app_commands

from bot.chat.options import Interaction
from bot.chat.picker import FacePicker
from bot.chat.posted import NothingPosted, NotToBeUsed, posted_in
from bot.chat.swap import Host, Order, Path, form_for
from cogs.comic import FaceswapComic
from cogs.faceswap_v4 import FaceswapV4
from cogs.faceswap_v5 import FaceswapV5
from cogs.multifaceswap import Multifaceswap
from cogs.video import AiFaceSwap

PATHS = (
    Path("fast", FaceswapV5),
    Path("best", FaceswapV4, {"model_type": "quality"}),
    Path("group", Multifaceswap, pairs_faces=True),
    Path("comic", FaceswapComic),
    Path("video", AiFaceSwap),
)


SWAP = "Swap a face, step by step: a form asks for all that is needed"
MENU = "Swap a face into this"


async def setup(bot: Host) -> None:
    its = bot.services

    async def send(interaction: Interaction, what: Order) -> None:
        await bot.order(interaction, what.path.model, what.values, what.wish)

    picker = None if its.spotter is None else FacePicker(its, its.spotter, send)

    async def order(interaction: Interaction, what: Order) -> None:
        if what.path.pairs_faces and picker is not None:
            await picker.offer(interaction, what)
        else:
            await send(interaction, what)

    async def swap(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(await form_for(interaction, its, PATHS, order))

    async def into(interaction: discord.Interaction, message: discord.Message) -> None:
        posted = posted_in(message, its.source)
        if not posted:
            raise NothingPosted
        if message.author != interaction.user and not await its.doorkeeper.may_use(message.author.id):
            raise NotToBeUsed
        await interaction.response.send_modal(await form_for(interaction, its, PATHS, order, posted))

    bot.tree.add_command(app_commands.Command(name="swap", description=SWAP, callback=swap))
    bot.tree.add_command(app_commands.ContextMenu(name=MENU, callback=into))
