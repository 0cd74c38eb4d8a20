"""`/admin models`, `limits` and `defaults`: what members can order."""

import discord
from discord import app_commands

from bot.administration.defaults import DefaultsScope
from bot.chat.admin.cards import models_card
from bot.chat.admin.defaults_card import defaults_card
from bot.chat.admin.limits import limits_card, to_stored_unit
from bot.chat.interactions import Interaction
from bot.chat.ui.replies import send_deferred
from bot.ledger.server_rules import OrderDefaults
from cogs.admin.base import RESET, AdminCommands, Channel, Positive

FORMATS = [
    app_commands.Choice(name="PNG: lossless, large files", value="png"),
    app_commands.Choice(name="JPEG: small files", value="jpeg"),
    app_commands.Choice(name="WebP: smallest files", value="webp"),
]
LIMITS = [
    app_commands.Choice(name="simultaneous jobs per member", value="per_member"),
    app_commands.Choice(name="simultaneous jobs in the server", value="per_server"),
    app_commands.Choice(name="video length in seconds", value="video_seconds"),
    app_commands.Choice(name="picture size in MiB", value="picture_bytes"),
    app_commands.Choice(name="video size in MiB", value="video_bytes"),
]


class OrderCommands(AdminCommands):
    """Commands about orders."""

    @app_commands.command(description="Show this server's models, or turn one on or off")
    @app_commands.describe(model="The one to change", on="Let members use it here")
    @app_commands.autocomplete(model=AdminCommands.suggest_models)
    async def models(
        self, interaction: Interaction, model: str | None = None, on: bool | None = None
    ) -> None:
        by = await self.authorize(interaction)
        services = self._services
        if model is not None and on is not None:
            return await self.confirm(interaction, await self._credit_admin.set_model(by, model, on=on))
        return await send_deferred(
            interaction, models_card(services.cards, await services.ledger.rules(by.guild_id), services.text)
        )

    @app_commands.command(description="Show this server's limits, or lower one")
    @app_commands.describe(limit="The one to change", amount="New limit", reset=RESET)
    @app_commands.choices(limit=LIMITS)
    async def limits(
        self,
        interaction: Interaction,
        limit: str | None = None,
        amount: Positive | None = None,
        reset: bool = False,
    ) -> None:
        by = await self.authorize(interaction)
        services = self._services
        if limit is not None and (amount is not None or reset):
            entry = await self._credit_admin.set_limit(by, limit, to_stored_unit(limit, amount))
            return await self.confirm(interaction, entry)
        return await send_deferred(
            interaction, limits_card(services.policy, await services.ledger.rules(by.guild_id), services.text)
        )

    @app_commands.command(description="Show or set the defaults for orders")
    @app_commands.describe(
        channel="Only in this channel and its threads",
        role="Only for members with this role",
        model="Model to preselect in forms",
        image_format="File format of pictures",
        hidden="Show orders and results only to their member",
        spoiler="Mark results as spoilers",
        reset="Remove the defaults of this channel, this role or the server",
    )
    @app_commands.choices(image_format=FORMATS)
    @app_commands.autocomplete(model=AdminCommands.suggest_models)
    async def defaults(
        self,
        interaction: Interaction,
        *,
        channel: Channel | None = None,
        role: discord.Role | None = None,
        model: str | None = None,
        image_format: str | None = None,
        hidden: bool | None = None,
        spoiler: bool | None = None,
        reset: bool = False,
    ) -> None:
        by = await self.authorize(interaction)
        services = self._services
        scope = DefaultsScope(getattr(channel, "id", None), getattr(role, "id", None))
        if reset:
            return await self.confirm(interaction, await services.defaults_admin.reset(by, scope))
        chosen = OrderDefaults.model_validate(
            {"model": model, "image_format": image_format, "hidden": hidden, "spoiler": spoiler}
        )
        if chosen.named():
            return await self.confirm(interaction, await services.defaults_admin.set(by, scope, chosen))
        return await send_deferred(
            interaction, defaults_card(await services.ledger.rules(by.guild_id), services.text)
        )
