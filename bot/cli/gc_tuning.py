"""How often Python looks for objects that nobody can reach any more."""

import gc

# Objects that are made and not let go of before the youngest are looked at (Python: 700), and how many looks
# at one generation lead to one at the next (Python: 10 and 10).
_YOUNG, _MIDDLE, _OLD = 50_000, 20, 50


def relax_gc() -> None:
    """Once everything is loaded. Each job in flight is some dozens of objects that live for long.

    As Python comes, it would look through all of them again and again: with ten thousand jobs, a third of
    all that the bot does. Little of what it leaves behind is in circles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
