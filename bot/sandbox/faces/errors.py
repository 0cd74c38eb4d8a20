"""What can end a rendering early.

Exception
├── CannotSwap   the person can do something about it
└── Abandoned    nobody waits for it any more
"""


class CannotSwap(Exception):
    """The message is a sentence for the person who asked."""


class Abandoned(Exception):
    """The one who asked has gone."""
