"""Times and sizes in words, in the current language."""

from bot.chat.text import Text

# Below this many seconds, durations show tenths.
EXACT_BELOW = 10
MINUTE, HOUR = 60, 3600
KIB, MIB = 2**10, 2**20


def duration(seconds: float, text: Text) -> str:
    if seconds < EXACT_BELOW:
        return text("amount.seconds", amount=text.number(max(seconds, 0), 1))
    return rough_duration(seconds, text)


def rough_duration(seconds: float, text: Text) -> str:
    """Round to whole seconds or minutes, or to tenths of an hour."""
    whole = max(1, round(seconds))
    if whole < 2 * MINUTE:
        return text("amount.seconds", amount=whole)
    if whole < 2 * HOUR:
        return text("amount.minutes", amount=round(whole / MINUTE))
    return text("amount.hours", amount=text.number(whole / HOUR, 1 if whole % HOUR else 0))


def size(count: float, text: Text) -> str:
    if count < MIB:
        return text("amount.kib", amount=text.number(count / KIB, 0))
    return text("amount.mib", amount=text.number(count / MIB, 1 if count % MIB else 0))
