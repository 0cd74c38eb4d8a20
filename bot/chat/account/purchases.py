"""Credits for purchases in Discord's shop, once for each purchase."""

from collections.abc import Callable

import aiohttp
import discord
import structlog
from discord import EntitlementType

from bot.administration.audit import AuditAction
from bot.chat.shared import Shared
from bot.ledger.account import account_of
from bot.ledger.ledger import SHOP, AlreadyCredited, AuditEntry

log = structlog.stdlib.get_logger(__name__)

# Types of entitlements that become credits. Subscriptions are not consumable, and developers do not pay for
# purchases in test mode.
_CREDITED_TYPES = frozenset(
    {
        EntitlementType.purchase,
        EntitlementType.user_gift,
        EntitlementType.developer_gift,
        EntitlementType.free_purchase,
        EntitlementType.premium_purchase,
    }
)


class Purchases:
    """Credits each purchase and then consumes it.

    After a crash in between, the next search finds the purchase again, and its receipt in the ledger prevents
    a second credit.
    """

    def __init__(self, shared: Shared, is_first: Callable[[], bool]) -> None:
        """`is_first` tells whether this process searches for purchases on behalf of all of them."""
        self._credits = shared.settings.shop.credits
        self._client = shared.client
        self._is_first = is_first
        self._ledger = shared.store
        self._background = shared.background

    def open(self) -> None:
        if not self._credits:
            return
        self._client.add_listener(self._on_entitlement, "on_entitlement_create")
        self._client.add_listener(self._on_ready, "on_ready")
        if self._client.is_ready():
            self._catch_up_once()

    async def _on_entitlement(self, entitlement: discord.Entitlement) -> None:
        # Discord sends an event without a server to shard 0 only, so one process handles it.
        self._background.spawn(self._fulfil(entitlement))

    async def _on_ready(self) -> None:
        # A new session misses the events since the last one, so search for purchases after each.
        self._catch_up_once()

    def _catch_up_once(self) -> None:
        """Search for purchases in the first process, on behalf of all of them."""
        if self._is_first():
            self._background.spawn(self._catch_up())

    async def _catch_up(self) -> None:
        skus = [discord.Object(sku) for sku in self._credits]
        try:
            async for entitlement in self._client.entitlements(skus=skus, limit=None):
                await self._fulfil(entitlement)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("purchases not searched", reason=type(error).__name__)

    async def _fulfil(self, purchase: discord.Entitlement) -> None:
        amount = self._credits.get(purchase.sku_id)
        if amount is None or purchase.deleted or purchase.consumed or purchase.type not in _CREDITED_TYPES:
            return
        if purchase.user_id is None:
            log.warning("purchase without a buyer", entitlement=purchase.id, sku=purchase.sku_id)
            return
        # A purchase for a server is spent in that server. Discord does not say where any other purchase was
        # made, so its credits go to the buyer's account for direct messages.
        account = account_of(guild_id=purchase.guild_id, user_id=purchase.user_id)
        facts = {
            "member": purchase.user_id,
            "amount": amount,
            "sku": purchase.sku_id,
            "entitlement": purchase.id,
        }
        audit_entry = AuditEntry(SHOP, AuditAction.PURCHASE, facts, guild_id=purchase.guild_id)
        try:
            await self._ledger.grant(account, amount, "bought", audit_entry, receipt=f"discord:{purchase.id}")
            log.info("purchase credited", entitlement=purchase.id, account=account, amount=amount)
        except AlreadyCredited:
            log.info("purchase already credited", entitlement=purchase.id)
        except Exception:
            # The purchase is not consumed, so the next search finds it again.
            log.exception("purchase not credited", entitlement=purchase.id)
            return
        await self._consume(purchase)

    async def _consume(self, purchase: discord.Entitlement) -> None:
        try:
            await purchase.consume()
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            # Another process has consumed it, or the next search will; it is credited in both cases.
            log.warning("purchase not consumed", entitlement=purchase.id, reason=str(error))
