"""Server of the simulated Discord: one channel, a member and an administrator."""

from dataclasses import dataclass
from typing import Self

import discord
import simcord


@dataclass(frozen=True, slots=True)
class Guild:
    """The simulated server with its channel and people."""

    id: int
    channel: simcord.ChannelHandle
    member: simcord.MemberActor
    administrator: simcord.MemberActor

    @classmethod
    def create(cls, env: simcord.Env) -> Self:
        """Create the server before the simulated clock moves.

        SimCord makes ids from its clock, so the server and its members keep their ids after a restart, and
        the member finds their credits again.
        """
        guild = env.create_guild("Doppel's sandbox")
        channel = guild.create_text_channel("faceswap", topic="Type /swap to begin")
        admin_role = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        return cls(
            id=guild.id,
            channel=channel,
            member=guild.add_member(env.create_user("robin", global_name="Robin")),
            administrator=guild.add_member(
                env.create_user("ada", global_name="Ada (administrator)"), roles=[admin_role]
            ),
        )
