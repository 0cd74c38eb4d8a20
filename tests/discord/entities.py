"""The bot, servers, channels and members, as Discord describes them."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.discord.records import new_id, now

ALL_PERMISSIONS = str((1 << 50) - 1)


def user_payload(user_id: int, name: str, *, bot: bool = False) -> dict[str, Any]:
    return {
        "id": str(user_id),
        "username": name,
        "discriminator": "0",
        "global_name": None,
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
        "bot": bot,
    }


@dataclass(frozen=True, slots=True)
class App:
    """The bot; its user has the application's id, as with all new bots."""

    id: int = field(default_factory=new_id)
    name: str = "Doppel"

    @property
    def user(self) -> dict[str, Any]:
        return user_payload(self.id, self.name, bot=True)

    @property
    def me(self) -> dict[str, Any]:
        return self.user | {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}

    @property
    def payload(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "description": "",
            "icon": None,
            "type": None,
            "flags": 0,
            "flags_new": "0",
            "bot": self.user,
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": user_payload(1, "owner"),
            "team": None,
            "verify_key": "0" * 64,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": [],
        }

    def token(self) -> str:
        """Return a token in Discord's format, so that log filters for that format find it."""
        return (
            f"{base64.b64encode(str(self.id).encode()).decode().rstrip('=')}.Doppel.{secrets.token_hex(19)}"
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the server."""

    name: str
    id: int = field(default_factory=new_id)

    @property
    def payload(self) -> dict[str, Any]:
        return {
            "user": user_payload(self.id, self.name),
            "roles": [],
            "joined_at": now(),
            "deaf": False,
            "mute": False,
            "flags": 0,
            "permissions": ALL_PERMISSIONS,
        }


@dataclass(slots=True)
class DirectChannel:
    """The bot's private channel with a user; with an `error_code` it rejects messages."""

    user: Member
    id: int = field(default_factory=new_id)
    error_code: int | None = None

    @property
    def payload(self) -> dict[str, Any]:
        recipient = user_payload(self.user.id, self.user.name)
        return {"id": str(self.id), "type": 1, "flags": 0, "recipients": [recipient]}


@dataclass(slots=True)
class Channel:
    """A text channel; `open` says whether the bot may see it and write there."""

    guild_id: int
    name: str = "swaps"
    id: int = field(default_factory=new_id)
    open: bool = True

    @property
    def payload(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "type": 0,
            "guild_id": str(self.guild_id),
            "name": self.name,
            "position": 0,
            "permission_overwrites": [],
            "nsfw": False,
            "parent_id": None,
            "topic": None,
            "last_message_id": None,
            "rate_limit_per_user": 0,
            "flags": 0,
        }


class Guild:
    """A server; `gateway_name` is its gateway's, where several processes have one each."""

    def __init__(self, name: str = "Testers", gateway_name: str = "", guild_id: int | None = None) -> None:
        self.id = guild_id or new_id()
        self.name = name
        self.gateway_name = gateway_name
        self.channel = Channel(self.id)
        self.joined = True
        """True if the bot is a member. Changing it sends no event."""

    @property
    def rest_payload(self) -> dict[str, Any]:
        """The server as the REST API returns it."""
        nothing = (
            "icon description home_header splash discovery_splash banner application_id afk_channel_id"
            " system_channel_id widget_channel_id vanity_url_code rules_channel_id safety_alerts_channel_id"
            " public_updates_channel_id incidents_data max_presences"
        )
        none_yet = (
            "system_channel_flags verification_level default_message_notifications mfa_level nsfw_level"
            " explicit_content_filter premium_tier premium_subscription_count"
        )
        numbers = {"afk_timeout": 300, "max_members": 1000}
        video = {"max_stage_video_channel_users": 50, "max_video_channel_users": 25}
        flags = {"widget_enabled": False, "premium_progress_bar_enabled": False, "nsfw": False}
        shared = ("id", "name", "owner_id", "roles", "emojis", "stickers", "features", "preferred_locale")
        return {
            **dict.fromkeys(nothing.split()),
            **dict.fromkeys(none_yet.split(), 0),
            **numbers,
            **video,
            **flags,
            "region": "deprecated",
            **{name: self.payload[name] for name in shared},
        }

    @property
    def payload(self) -> dict[str, Any]:
        everyone = {
            "id": str(self.id),
            "name": "@everyone",
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "position": 0,
            "permissions": ALL_PERMISSIONS,
            "managed": False,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": "1",
            "unavailable": False,
            "large": False,
            "member_count": 2,
            "roles": [everyone],
            "channels": [self.channel.payload],
            "threads": [],
            "members": [],
            "presences": [],
            "emojis": [],
            "stickers": [],
            "features": [],
            "preferred_locale": "en-US",
        }
