"""Type of the interaction that every handler receives."""

from typing import Any

import discord

Interaction = discord.Interaction[Any]
