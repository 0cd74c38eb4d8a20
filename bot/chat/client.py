"""The Discord client: loads the features, tells Discord of the commands, hands orders on."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import discord
import structlog
from discord import ui
from discord.ext import commands

from bot.chat.account.services import AccountServices
from bot.chat.admin.services import AdminServices
from bot.chat.contexts import Contexts
from bot.chat.errors import ErrorMessages
from bot.chat.interactions import Interaction
from bot.chat.localization import Translator, listen
from bot.chat.orders.saved_faces import face_choices
from bot.chat.orders.services import OrderServices
from bot.chat.orders.slash_command import FaceChoices
from bot.chat.sync import sync
from bot.chat.ui.buttons import Handler
from bot.chat.ui.card import error_card
from bot.chat.ui.labels import price_words
from bot.jobs.ports import KeyValues
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)


class Doppel(commands.Bot):
    """Interactions come without any privileged intent, so it asks for none."""

    def __init__(
        self,
        *,
        features: Sequence[str],
        notes: KeyValues,
        words: ErrorMessages,
        guild_id: int | None,
        contexts: Contexts,
        **connection: Any,
    ) -> None:
        super().__init__(
            **connection,
            command_prefix=commands.when_mentioned,
            help_command=None,
            allowed_contexts=contexts.places,
            allowed_installs=contexts.installs,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
        )
        self._features = features
        self._notes = notes
        self._words = words
        self._guild_id = guild_id
        self._item_handlers: Mapping[type[ui.DynamicItem[Any]], Handler] = {}
        listen(self)
        self.tree.error(self._on_error)

    def serve(
        self,
        orders: OrderServices,
        account: AccountServices,
        admin: AdminServices,
        handlers: Mapping[type[ui.DynamicItem[Any]], Handler],
    ) -> None:
        """Attach what cogs and buttons work with. The services need this client, hence the two steps."""
        self.orders = orders
        self.account = account
        self.admin = admin
        self._item_handlers = handlers
        self.add_dynamic_items(*handlers)

    def handler_of(self, kind: type[ui.DynamicItem[Any]]) -> Handler:
        return self._item_handlers[kind]

    async def setup_hook(self) -> None:
        # A feature that fails to load stops the start: half a bot is worse than none.
        for feature in self._features:
            await self.load_extension(feature)
        await self.tree.set_translator(Translator(self.orders.text, self.price_of))
        if self.is_first:
            await sync(self.tree, self._notes, self._guild_id)

    @property
    def is_first(self) -> bool:
        """Whether it falls to this process to do what is done once for all of them."""
        return self.shard_id in {None, 0}

    @property
    def shards_wanted(self) -> int:
        return 1

    @property
    def shards_online(self) -> int:
        """How many of this process's shards are connected to Discord this very moment."""
        # discord.py has no socket before the first connection.
        return int(bool(self.ws) and self.ws.open)

    async def on_ready(self) -> None:
        log.info("ready", user=str(self.user), servers=len(self.guilds))

    @property
    def face_choices(self) -> FaceChoices | None:
        saved_faces = self.orders.saved_faces
        return partial(face_choices, saved_faces) if saved_faces.enabled else None

    def price_of(self, card: ModelCard) -> str:
        """What a model costs, in words."""
        return price_words(card, self.orders.job_service.unit_price(card, {}), self.orders.text)

    def message_for(self, error: Exception) -> str:
        return self._words.message_for(error)

    async def _on_error(self, interaction: Interaction, error: discord.app_commands.AppCommandError) -> None:
        view = error_card(self._words.message_for(error))
        if interaction.response.is_done():
            await interaction.edit_original_response(view=view)
        else:
            await interaction.response.send_message(view=view, ephemeral=True)


class ShardedDoppel(Doppel, commands.AutoShardedBot):
    """The same bot for a part of the servers, beside other processes that serve the others."""

    @property
    def is_first(self) -> bool:
        return self.shard_ids is None or 0 in self.shard_ids

    @property
    def shards_wanted(self) -> int:
        return len(self.shard_ids or ())

    @property
    def shards_online(self) -> int:
        return sum(not shard.is_closed() for shard in self.shards.values())


def doppel(shards: Sequence[int] = (), total: int = 1, **parts: Any) -> Doppel:
    """`shards` are none where this process serves all servers."""
    if not shards:
        return Doppel(**parts)
    return ShardedDoppel(shard_ids=list(shards), shard_count=total, **parts)
