"""Balance of a member, for their server's administrators."""

import discord

from bot.administration.audit import Administrator
from bot.chat.admin.services import AdminServices
from bot.chat.members import member_in
from bot.ledger.account import Balance
from bot.ledger.policy import MemberTerms


class NotAMember(Exception):
    """The chosen user is not in this server, so they have no account here."""


async def member_balance(
    services: AdminServices, by: Administrator, user: discord.Member
) -> tuple[Balance, MemberTerms]:
    member = member_in(by.guild_id, user)
    terms = await services.job_service.terms(member)
    return await services.job_service.balance(member, terms), terms
