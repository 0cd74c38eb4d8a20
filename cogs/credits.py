"""`/credits`: a member's balance and history, and the prices."""

from collections.abc import Sequence

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.account.credits_cards import balance_card, history_line, prices_card
from bot.chat.account.services import AccountServices
from bot.chat.client import Doppel
from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.ui.event_card import event_line
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.chat.ui.replies import defer_ephemeral, send_deferred


class Credits(
    commands.GroupCog, group_name="credits", group_description="Your credits: balance, history and prices"
):
    """Commands of `/credits`."""

    def __init__(self, services: AccountServices) -> None:
        self._services = services

    async def cog_load(self) -> None:
        self._services.pages.add("history", self._read_history)

    async def cog_unload(self) -> None:
        self._services.pages.remove("history")

    @app_commands.command(description="Show your credits and when your allowance refills")
    async def balance(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        job_service, member = self._services.job_service, member_of(interaction)
        terms = await job_service.terms(member)
        balance = await job_service.balance(member, terms)
        await send_deferred(interaction, balance_card(balance, terms, self._services.text))

    @app_commands.command(description="Show the credits you received, spent and got back")
    async def history(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(interaction, await self._services.pages.first(interaction, "history"))

    @app_commands.command(description="Show what each model costs here")
    async def prices(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        services = self._services
        terms = await services.job_service.terms(member_of(interaction))
        cards = [card for slug, card in services.cards.items() if slug not in terms.models_off]
        event = None if terms.event is None else event_line(terms.event, services.cards, services.text)
        prices = prices_card(cards, services.job_service.unit_price, services.text, event=event)
        await send_deferred(interaction, prices)

    @app_commands.command(description="Choose whether to see the price before a one-click order")
    @app_commands.describe(on="Show the price first (leave empty to see your setting)")
    async def confirm(self, interaction: Interaction, on: bool | None = None) -> None:
        await defer_ephemeral(interaction)
        setting, user_id = self._services.confirmation_setting, interaction.user.id
        if on is None:
            return await send_deferred(interaction, await setting.show(user_id))
        return await send_deferred(interaction, await setting.set(user_id, on=on))

    @app_commands.command(description="Give some of your granted credits to another member")
    @app_commands.describe(member="Member who gets the credits", amount="Number of credits")
    async def give(
        self, interaction: Interaction, member: discord.Member, amount: app_commands.Range[int, 1]
    ) -> None:
        await self._services.gifts.give(interaction, member, amount)

    async def _read_history(self, interaction: Interaction, request: PageRequest) -> Sequence[PageItem]:
        services, account = self._services, member_of(interaction).account
        found = await services.ledger.history(
            account, before=request.before, after=request.after, limit=request.limit
        )
        return [PageItem(line.id, history_line(line, services.cards, services.text)) for line in found]


async def setup(bot: Doppel) -> None:
    await bot.add_cog(Credits(bot.account))
