"""Servers with an administrator, for the tests of commands for administrators."""

from dataclasses import dataclass
from typing import Any

import discord
import simcord

from bot.administration.audit import Administrator
from bot.administration.credits import CreditAdmin
from bot.ledger.account import account_of
from bot.ledger.server_rules import ServerRules
from tests.harness import Reply, Stage, texts


@dataclass
class Server:
    """A server on the stage, with a channel, an administrator and a member."""

    stage: Stage
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    admin: simcord.MemberActor
    member: simcord.MemberActor

    async def ask(self, actor: simcord.MemberActor, command: str, **options: Any) -> str:
        """Run a command, and return the ephemeral reply."""
        return said(await actor.slash(self.channel, command, **options))

    async def tell(self, command: str, **options: Any) -> str:
        return await self.ask(self.admin, f"admin {command}", **options)

    async def show_to(self, member: simcord.MemberActor) -> None:
        """Let this member see `/admin`, as a server's own settings can."""
        commands = await self.stage.app.client.tree.fetch_commands()
        (admin,) = [command for command in commands if command.name == "admin"]
        self.guild.set_command_permissions(admin, {member: True})

    async def job_done(self, slug: str = "faceswap-v5") -> str:
        reply = Reply(
            self.stage.env,
            await self.member.slash(self.channel, slug, **self.stage.files(slug)),
        )
        await self.stage.finish(reply, "Completed")
        return (await self.stage.job(reply)).id

    async def audit_entries(self) -> list[tuple[str, str, dict[str, Any]]]:
        """The audit entries of the server, oldest first: actor, action and facts."""
        found = await self.stage.app.store.audit_entries(self.guild.id, limit=1000)
        return [
            (audit_entry.actor, audit_entry.action, dict(audit_entry.facts))
            for audit_entry in reversed(found)
        ]

    async def rules(self) -> ServerRules:
        return await self.stage.app.store.rules(self.guild.id)

    async def granted(self) -> int:
        return (await self.stage.app.store.balance(self.account)).granted

    async def balance(self) -> str:
        return await self.ask(self.member, "credits balance")

    @property
    def credit_admin(self) -> tuple[CreditAdmin, Administrator]:
        return self.stage.app.client.admin.credit_admin, Administrator(self.admin.id, self.guild.id)

    @property
    def account(self) -> str:
        return account_of(guild_id=self.guild.id, user_id=self.member.id)


def said(result: simcord.InteractionResult) -> str:
    assert result.ephemeral
    assert result.response is not None
    return "\n".join(texts(result.response.components))


def here(stage: Stage) -> Server:
    return Server(stage, stage.guild, stage.channel, _admin(stage, stage.guild), stage.member)


def elsewhere(stage: Stage) -> Server:
    guild = stage.env.create_guild("Elsewhere")
    member = guild.add_member(stage.env.create_user("carol"))
    return Server(stage, guild, guild.create_text_channel("swaps"), _admin(stage, guild), member)


def _admin(stage: Stage, guild: simcord.GuildHandle) -> simcord.MemberActor:
    role = guild.create_role("Ruling", permissions=discord.Permissions(manage_guild=True))
    return guild.add_member(stage.env.create_user("bob"), roles=[role])
