"""How often Python's garbage collector looks for cycles."""

import gc

# Allocations before a collection of the youngest generation (Python's default: 700), and collections of one
# generation before one of the next (Python's defaults: 10 and 10).
_YOUNG, _MIDDLE, _OLD = 50_000, 20, 50


def relax_gc() -> None:
    """Collect less often. Call it once everything is loaded.

    Each job in flight is some dozens of objects that live for long. With Python's defaults the collector
    goes through all of them again and again: with ten thousand jobs, that is a third of all that the bot
    does. Few of the objects that jobs leave behind are in cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
