"""The Discord client: loads the cogs, registers their commands, and holds the services that they use."""

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
from bot.chat.localization import Translator, track_locale
from bot.chat.orders.faces.saved_faces import face_choices
from bot.chat.orders.services import OrderServices
from bot.chat.orders.slash_command import FaceChoices
from bot.chat.sync import sync
from bot.chat.ui.buttons import Handler
from bot.chat.ui.labels import price_words
from bot.chat.ui.replies import send_error
from bot.jobs.ports import KeyValues
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)

# discord.py would warn at each start that voice needs PyNaCl and davey; the bot never speaks.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


class Doppel(commands.Bot):
    """Discord client of the bot. It asks for no privileged intent, because interactions need none."""

    def __init__(
        self,
        *,
        features: Sequence[str],
        key_values: KeyValues,
        error_messages: ErrorMessages,
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
        self._key_values = key_values
        self._error_messages = error_messages
        self._guild_id = guild_id
        self._item_handlers: Mapping[type[ui.DynamicItem[Any]], Handler] = {}
        track_locale(self)
        self.tree.error(send_error)

    def attach_services(
        self,
        orders: OrderServices,
        account: AccountServices,
        admin: AdminServices,
        handlers: Mapping[type[ui.DynamicItem[Any]], Handler],
    ) -> None:
        """Attach the services of cogs and buttons, which need this client and so are built after it."""
        self.orders = orders
        self.account = account
        self.admin = admin
        self._item_handlers = handlers
        self.add_dynamic_items(*handlers)

    def handler_of(self, kind: type[ui.DynamicItem[Any]]) -> Handler:
        return self._item_handlers[kind]

    async def setup_hook(self) -> None:
        # A cog that fails to load stops the start: half a bot is worse than none.
        for feature in self._features:
            await self.load_extension(feature)
        await self.tree.set_translator(Translator(self.orders.text, self.price_of))
        if self.is_first:
            await sync(self.tree, self._key_values, self.orders.text.fingerprint, self._guild_id)

    @property
    def is_first(self) -> bool:
        """Return whether this process does the work that only one process may do."""
        return self.shard_id in {None, 0}

    def is_responsible_for(self, guild_id: int) -> bool:
        """Return whether this process receives the events of a server, if the bot is in it."""
        del guild_id
        return True

    def server_name(self, guild_id: int) -> str | None:
        guild = self.get_guild(guild_id)
        return None if guild is None else guild.name

    @property
    def shards_wanted(self) -> int:
        return 1

    @property
    def shards_online(self) -> int:
        """Number of this process's shards that are connected to Discord right now."""
        # discord.py has no socket before the first connection.
        return int(bool(self.ws) and self.ws.open)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        # discord.py is ready two seconds after it connected, even if it was closed meanwhile: it would fail
        # for lack of its event loop.
        if not self.is_closed():
            super().dispatch(event_name, *args, **kwargs)

    async def on_ready(self) -> None:
        log.info("client ready", user=str(self.user), servers=len(self.guilds))

    @property
    def face_choices(self) -> FaceChoices | None:
        saved_faces = self.orders.saved_faces
        return partial(face_choices, saved_faces) if saved_faces.enabled else None

    def price_of(self, card: ModelCard) -> str:
        """Price of a model, in words."""
        return price_words(card, self.orders.job_service.unit_price(card, {}), self.orders.text)

    def message_for(self, error: Exception) -> str:
        return self._error_messages.message_for(error)


class ShardedDoppel(Doppel, commands.AutoShardedBot):
    """The same bot for some of the servers, while other processes serve the others."""

    @property
    def is_first(self) -> bool:
        return self.shard_ids is None or 0 in self.shard_ids

    def is_responsible_for(self, guild_id: int) -> bool:
        if self.shard_ids is None:
            return True
        return (guild_id >> 22) % self.shard_count in self.shard_ids

    @property
    def shards_wanted(self) -> int:
        return len(self.shard_ids or ())

    @property
    def shards_online(self) -> int:
        return sum(not shard.is_closed() for shard in self.shards.values())


def build_client(shards: Sequence[int] = (), total: int = 1, **parts: Any) -> Doppel:
    """Build the client. Without `shards`, this process serves all servers."""
    if not shards:
        return Doppel(**parts)
    return ShardedDoppel(shard_ids=list(shards), shard_count=total, **parts)
