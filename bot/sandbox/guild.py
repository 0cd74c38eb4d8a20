"""The server of the simulated Discord: one channel, a member and an administrator."""

from dataclasses import dataclass
from typing import Self

import discord
import simcord


@dataclass(frozen=True, slots=True)
class Guild:
    id: int
    channel: simcord.ChannelHandle
    member: simcord.MemberActor
    administrator: simcord.MemberActor

    @classmethod
    def found(cls, env: simcord.Env) -> Self:
        """Ids are made from the time. Founded before the clock moves, all of these keep theirs for ever.

        So a member finds their credits again after a restart, while messages never share an id.
        """
        guild = env.create_guild("Doppel's sandbox")
        channel = guild.create_text_channel("faceswap", topic="Type / and pick a command")
        ruling = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        return cls(
            id=guild.id,
            channel=channel,
            member=guild.add_member(env.create_user("robin", global_name="Robin")),
            administrator=guild.add_member(
                env.create_user("ada", global_name="Ada (administrator)"), roles=[ruling]
            ),
        )
