"""Reasons for which the bot denies access.

AccessDenied
├── NoConsent
├── Blocked
├── WrongChannel
├── WrongRole
├── AgeRestricted
├── Suspended
├── RecentlyDeleted
└── BannedMedia
"""


class AccessDenied(Exception):
    """A rule of the operator or of the server forbids the request."""


class NoConsent(AccessDenied):
    """The member has not accepted the terms yet, or only an older version."""


class Blocked(AccessDenied):
    """The member is blocked, in this server or everywhere."""

    def __init__(self, *, everywhere: bool) -> None:
        super().__init__(everywhere)
        self.everywhere = everywhere


class WrongChannel(AccessDenied):
    """The bot may not be used in this channel."""


class WrongRole(AccessDenied):
    """None of the member's roles may use the bot in this server, or one of them must not."""


class AgeRestricted(AccessDenied):
    """The channel is age-restricted, or Discord does not say whether it is."""


class Suspended(AccessDenied):
    """Too many orders of this member were blocked for their content."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class RecentlyDeleted(AccessDenied):
    """The member deleted their data today. Coming back at once would give them today's allowance twice."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class BannedMedia(AccessDenied):
    """This picture or video, or one that looks the same, is banned."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option
