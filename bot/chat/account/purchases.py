"""Discord's own shop: what members buy there becomes credits, once for each purchase."""

from collections.abc import Callable, Mapping

import aiohttp
import discord
import structlog
from discord import EntitlementType
from discord.ext import commands

from bot.administration.audit import AuditAction
from bot.chat.background import Background
from bot.ledger.account import account_of
from bot.ledger.ledger import SHOP, AlreadyCredited, AuditEntry, Ledger

log = structlog.stdlib.get_logger(__name__)

# How one comes by a thing of one's own. What is missing: subscriptions, and the purchases of developers in
# test mode, for which nobody paid.
_GENUINE = frozenset(
    {
        EntitlementType.purchase,
        EntitlementType.user_gift,
        EntitlementType.developer_gift,
        EntitlementType.free_purchase,
        EntitlementType.premium_purchase,
    }
)


class Purchases:
    """Credits first and consumes then.

    After a crash in between, the purchase is met again, and its receipt in the ledger says that it was
    credited already.
    """

    def __init__(
        self,
        credits_: Mapping[int, int],
        *,
        client: commands.Bot,
        is_first: Callable[[], bool],
        books: Ledger,
        background: Background,
    ) -> None:
        """`credits_` by the id of the SKU; it has to be a consumable one."""
        self._credits = credits_
        self._client = client
        self._is_first = is_first
        self._books = books
        self._background = background

    def open(self) -> None:
        if not self._credits:
            return
        self._client.add_listener(self._on_entitlement, "on_entitlement_create")
        self._client.add_listener(self._on_ready, "on_ready")
        if self._client.is_ready():
            self._catch_up_once()

    async def _on_entitlement(self, entitlement: discord.Entitlement) -> None:
        # Without a server the event reaches shard 0 alone, so each is heard by one process.
        self._background.spawn(self._fulfil(entitlement))

    async def _on_ready(self) -> None:
        # Also after a connection that was lost for good, with all that was bought meanwhile.
        self._catch_up_once()

    def _catch_up_once(self) -> None:
        """In one process for all of them."""
        if self._is_first():
            self._background.spawn(self._catch_up())

    async def _catch_up(self) -> None:
        skus = [discord.Object(sku) for sku in self._credits]
        try:
            async for entitlement in self._client.entitlements(skus=skus, limit=None):
                await self._fulfil(entitlement)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("the purchases could not be looked through", reason=type(error).__name__)

    async def _fulfil(self, bought: discord.Entitlement) -> None:
        amount = self._credits.get(bought.sku_id)
        if amount is None or bought.deleted or bought.consumed or bought.type not in _GENUINE:
            return
        if bought.user_id is None:
            log.warning("a purchase has no buyer", entitlement=bought.id, sku=bought.sku_id)
            return
        # A purchase for a server is spent there. Of any other, Discord does not say where it was made, and
        # the buyer's account of direct messages is the only one that belongs to no server.
        account = account_of(guild_id=bought.guild_id, user_id=bought.user_id)
        facts = {"member": bought.user_id, "amount": amount, "sku": bought.sku_id, "entitlement": bought.id}
        audit_entry = AuditEntry(SHOP, AuditAction.PURCHASE, facts, guild_id=bought.guild_id)
        try:
            await self._books.grant(account, amount, "bought", audit_entry, receipt=f"discord:{bought.id}")
            log.info("a purchase was credited", entitlement=bought.id, account=account, amount=amount)
        except AlreadyCredited:
            log.info("a purchase had been credited already", entitlement=bought.id)
        except Exception:
            # Not consumed, so the next look through the purchases meets it again.
            log.exception("a purchase could not be credited", entitlement=bought.id)
            return
        await self._consume(bought)

    async def _consume(self, bought: discord.Entitlement) -> None:
        try:
            await bought.consume()
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            # Consumed by another process, or to be consumed at the next start: it is credited, either way.
            log.warning("a purchase was not consumed", entitlement=bought.id, reason=str(error))
