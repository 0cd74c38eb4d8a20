"""Guided orders: `/swap`, a menu on any message with a picture, and one on members who share their avatar."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import Doppel
from bot.chat.contexts import servers_only
from bot.chat.delivery.picture_owners import owners_of
from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.orders.faces.avatars import avatar_file
from bot.chat.orders.forms.face_picker import FacePicker
from bot.chat.orders.forms.price_confirmation import PriceConfirmation
from bot.chat.orders.forms.swap_form import OnlyOneTarget, SwapChoice, SwapForm, SwapRequest, form_for
from bot.chat.orders.message_media import AuthorOptedOut, NothingPosted, posted_in
from bot.chat.orders.services import OrderServices
from cogs.comic import FaceswapComic
from cogs.faceswap_v4 import FaceswapV4
from cogs.faceswap_v5 import FaceswapV5
from cogs.multifaceswap import Multifaceswap
from cogs.video import AiFaceSwap

PATHS = (
    SwapChoice("fast", FaceswapV5),
    SwapChoice("best", FaceswapV4, {"model_type": "quality"}),
    SwapChoice("group", Multifaceswap),
    SwapChoice("comic", FaceswapComic),
    SwapChoice("video", AiFaceSwap),
)

DESCRIPTION = "Swap a face with a form that asks for everything"
MENU = "Swap a face into this"
ONE_CLICK_MENU = "Swap my face into this"
MEMBER_MENU = "Swap with this member"


class Swap(commands.Cog):
    """The command `/swap` and the menus of messages and members."""

    def __init__(self, bot: Doppel, services: OrderServices) -> None:
        self._bot = bot
        self._services = services
        self._picker = None if services.face_detector is None else FacePicker(services, self._order)
        self._confirmation = PriceConfirmation(services, self._order)
        self._menus = (
            app_commands.ContextMenu(name=MENU, callback=self._swap_into),
            app_commands.ContextMenu(name=ONE_CLICK_MENU, callback=self._swap_mine_into),
            servers_only(app_commands.ContextMenu(name=MEMBER_MENU, callback=self._swap_with)),
        )

    async def cog_load(self) -> None:
        for menu in self._menus:
            self._bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self._bot.tree.remove_command(menu.name, type=menu.type)

    @app_commands.command(description=DESCRIPTION)
    async def swap(self, interaction: Interaction) -> None:
        form = await form_for(interaction, self._services, PATHS, self._continue)
        await interaction.response.send_modal(form)

    async def _swap_into(self, interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_modal(await self._form_for(interaction, message))

    async def _swap_mine_into(self, interaction: Interaction, message: discord.Message) -> None:
        """Order at once where nothing is left to choose or to confirm, else ask with the form."""
        form = await self._form_for(interaction, message)
        if (request := form.preselected()) is None:
            await interaction.response.send_modal(form)
        else:
            await self._confirmation.order(interaction, request)

    async def _form_for(self, interaction: Interaction, message: discord.Message) -> SwapForm:
        posted = posted_in(message, self._services.source)
        if not posted:
            raise NothingPosted
        for owner in await owners_of(message, self._bot) - {interaction.user.id}:
            if not await self._services.access_guard.may_use_pictures_of(owner):
                raise AuthorOptedOut
        return await form_for(interaction, self._services, PATHS, self._continue, posted)

    async def _swap_with(self, interaction: Interaction, member: discord.Member) -> None:
        await self._services.access_guard.admit_avatar(member_of(interaction), member.id)
        avatar = avatar_file(member)
        form = await form_for(interaction, self._services, PATHS, self._continue, avatar=avatar)
        await interaction.response.send_modal(form)

    async def _continue(self, interaction: Interaction, request: SwapRequest) -> None:
        if request.path.pairs_faces and request.more:
            raise OnlyOneTarget
        if request.path.pairs_faces and self._picker is not None:
            await self._picker.offer(interaction, request)
        else:
            await self._order(interaction, request)

    async def _order(self, interaction: Interaction, request: SwapRequest) -> None:
        await self._services.order_handler.handle(
            interaction, request.path.model, request.values, display=request.display, more=request.more
        )


async def setup(bot: Doppel) -> None:
    await bot.add_cog(Swap(bot, bot.orders))
