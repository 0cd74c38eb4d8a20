"""The Discord client: loads the features, tells Discord of the commands, hands orders on."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import discord
import structlog
from discord.ext import commands

from bot.chat.approval_card import ApprovalButton
from bot.chat.buttons import BUTTONS
from bot.chat.card import notice
from bot.chat.case_card import CaseButton
from bot.chat.consent import Agree
from bot.chat.contexts import Contexts
from bot.chat.credits_cards import price_words
from bot.chat.errors import Words
from bot.chat.faces import face_choices
from bot.chat.intake import Intake
from bot.chat.languages import Translator, listen
from bot.chat.options import FaceChoices, Interaction
from bot.chat.pages import Pages, Turn
from bot.chat.privacy import Forget
from bot.chat.services import Services
from bot.chat.sync import sync
from bot.chat.wish import AS_USUAL, Wish
from bot.jobs.ports import Notes
from bot.models import FaceModel, ModelCard

log = structlog.stdlib.get_logger(__name__)


class Doppel(commands.Bot):
    """Interactions come without any privileged intent, so it asks for none."""

    def __init__(
        self,
        *,
        features: Sequence[str],
        notes: Notes,
        words: Words,
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
        self._intake: Intake | None = None
        self._services: Services | None = None
        self.add_dynamic_items(*BUTTONS, Agree, ApprovalButton, CaseButton, Forget, Turn)
        listen(self)
        self.tree.error(self._on_error)

    def serve(self, intake: Intake, services: Services) -> None:
        """From here on orders are taken. The intake needs this client to answer, hence the two steps."""
        self._intake = intake
        self._services = services

    @property
    def services(self) -> Services:
        if self._services is None:
            raise RuntimeError("a feature was loaded before there was anything to serve")
        return self._services

    @property
    def pages(self) -> Pages:
        return self.services.pages

    async def setup_hook(self) -> None:
        # A feature that fails to load stops the start: half a bot is worse than none.
        for feature in self._features:
            await self.load_extension(feature)
        await self.tree.set_translator(Translator(self.services.text, self.price_of))
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

    async def order(
        self, interaction: Interaction, model: type[FaceModel], values: dict[str, Any], wish: Wish = AS_USUAL
    ) -> None:
        if self._intake is None:
            raise RuntimeError("orders came before there was an intake")
        await self._intake.take(interaction, model, values, wish=wish)

    @property
    def face_choices(self) -> FaceChoices | None:
        album = self.services.album
        return partial(face_choices, album) if album.is_open else None

    def price_of(self, card: ModelCard) -> str:
        """What a model costs, in words."""
        return price_words(card, self.services.desk.unit(card, {}), self.services.text)

    def refusal(self, error: Exception) -> str:
        return self._words.of(error)

    async def _on_error(self, interaction: Interaction, error: discord.app_commands.AppCommandError) -> None:
        view = notice(self._words.of(error))
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
