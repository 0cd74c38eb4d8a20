"""Cards about who may use the bot in a server and where, for its administrators."""

from collections.abc import Iterable, Sequence

from bot.chat.text import Text
from bot.chat.ui.info_card import InfoCard, mention
from bot.ledger.server_rules import ServerRules


def access_card(rules: ServerRules, text: Text) -> InfoCard:
    return InfoCard(text("entry.title"), list(_lines(rules, text)), text)


def log_line(rules: ServerRules, text: Text) -> str:
    if rules.log_channel is None:
        return text("entry.no_log")
    return text("entry.log", channel=f"<#{rules.log_channel}>")


def approval_settings_card(lines: Sequence[str], text: Text) -> InfoCard:
    return InfoCard(text("entry.approve_title"), lines, text)


def approval_lines(rules: ServerRules, waiting: int, text: Text, *, can_ask: bool) -> Sequence[str]:
    """Lines about whether results need approval, how many wait, and whether the log channel is usable."""
    asked = rules.approve or rules.approve_strangers
    lines = [_approval_line(rules, text) or text("entry.no_approve")]
    if asked:
        lines.append(text("entry.approve_own" if rules.approve_own else "entry.approve_others"))
    if waiting:
        lines.append(text("entry.awaited", count=waiting))
    if not can_ask and (waiting or asked):
        lines.append(text("entry.closed_log"))
    return lines


def _lines(rules: ServerRules, text: Text) -> Iterable[str]:
    if rules.channels_only:
        yield text("entry.channels_only", channels=_join(f"<#{each}>" for each in rules.channels_only))
    if rules.channels_off:
        yield text("entry.channels_off", channels=_join(f"<#{each}>" for each in rules.channels_off))
    if not (rules.channels_only or rules.channels_off):
        yield text("entry.channels_all")
    if rules.roles_only:
        yield text("entry.roles_only", roles=_join(f"<@&{each}>" for each in rules.roles_only))
    if rules.roles_off:
        yield text("entry.roles_off", roles=_join(f"<@&{each}>" for each in rules.roles_off))
    if not (rules.roles_only or rules.roles_off):
        yield text("entry.roles_all")
    if rules.blocked:
        yield text("entry.blocked", members=_join(map(mention, rules.blocked)))
    else:
        yield text("entry.nobody_blocked")
    yield log_line(rules, text)
    if rules.showcase is not None:
        yield text("entry.showcase", channel=f"<#{rules.showcase}>")
    if line := _approval_line(rules, text):
        yield line


def _approval_line(rules: ServerRules, text: Text) -> str:
    if rules.approve:
        return text("entry.approve")
    return text("entry.approve_strangers") if rules.approve_strangers else ""


def _join(mentions: Iterable[str]) -> str:
    return ", ".join(sorted(mentions))
