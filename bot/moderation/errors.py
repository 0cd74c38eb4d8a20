"""Why somebody is not let in."""


class AccessDenied(Exception):
    """The root: the rules of the operator or of the server stand against it."""


class NoConsent(AccessDenied):
    """The member has not agreed yet, or to an older version."""


class Blocked(AccessDenied):
    """Somebody decided that this member may not use the bot, here or anywhere."""

    def __init__(self, *, everywhere: bool) -> None:
        super().__init__(everywhere)
        self.everywhere = everywhere


class WrongChannel(AccessDenied):
    """This server does not want the bot to be used in this channel."""


class WrongRole(AccessDenied):
    """This server lets only some roles use the bot."""


class AgeRestricted(AccessDenied):
    """A channel for adults, or one of which it cannot be known."""


class Suspended(AccessDenied):
    """Too many orders of this member were blocked for their content."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class RecentlyDeleted(AccessDenied):
    """The member had everything deleted: whoever comes back at once would have today's allowance twice."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class ListedMedia(AccessDenied):
    """A moderator has put this picture or video, or one that looks the same, on the list."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option
