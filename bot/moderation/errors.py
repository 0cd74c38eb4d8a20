"""Why somebody is not let in."""


class Refused(Exception):
    """The root: the rules of the operator or of the server stand against it."""


class NoConsent(Refused):
    """The member has not agreed yet, or to an older version."""


class Blocked(Refused):
    """Somebody decided that this member may not use the bot, here or anywhere."""

    def __init__(self, *, everywhere: bool) -> None:
        super().__init__(everywhere)
        self.everywhere = everywhere


class WrongChannel(Refused):
    """This server does not want the bot to be used in this channel."""


class WrongRole(Refused):
    """This server lets only some roles use the bot."""


class AgeRestricted(Refused):
    """A channel for adults, or one of which it cannot be known."""


class Suspended(Refused):
    """Too many orders of this member were blocked for their content."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class RecentlyDeleted(Refused):
    """The member had everything deleted: whoever comes back at once would have today's allowance twice."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


class ListedMedia(Refused):
    """A moderator has put this picture or video, or one that looks the same, on the list."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option
