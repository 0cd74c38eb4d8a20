"""Settings of Python's garbage collector."""

import gc

# Allocations before a collection of the youngest generation (Python's default: 700), and collections of one
# generation before one of the next (Python's defaults: 10 and 10).
_YOUNG, _MIDDLE, _OLD = 50_000, 20, 50


def relax_gc() -> None:
    """Collect less often, from the start of the process on.

    Nothing that the modules make at a start is garbage, and with Python's defaults the collector takes a
    sixth of that time. Later, each job in flight is some dozens of objects that live for long: with ten
    thousand jobs, going through all of them again and again is a third of all that the bot does. Few of the
    objects that jobs leave behind are in cycles.
    """
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


def freeze_loaded() -> None:
    """Exclude what is already loaded from all later collections.

    There is next to no garbage in it, so it is not worth the tenth of a second that finding it takes.
    """
    gc.freeze()
