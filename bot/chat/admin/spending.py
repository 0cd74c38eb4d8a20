"""Spending of a server, as a table and a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from bot.administration.audit import Administrator
from bot.chat.admin.cards import MonthlyBudget, month_line
from bot.chat.admin.services import AdminServices
from bot.chat.admin.spending_chart import chart, days_per_bar
from bot.chat.text import Text
from bot.chat.ui.card import credits_words
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.uploads import AttachedFile
from bot.ledger.allowance import DAY
from bot.ledger.budgets import Budget, Scope, day_of, month_of
from bot.ledger.ledger import Spending
from bot.ledger.server_rules import ServerRules
from bot.models import ModelCard

# Models beyond this number only count towards the total.
_MAX_ROWS = 25
_TITLE_WIDTH = 22
HEADINGS = ("model", "jobs", "credits", "refunded", "usd")


@dataclass(frozen=True, slots=True)
class SpendingPeriod:
    """Spending of a number of days (UTC)."""

    days: int
    since: float
    until: float
    rows: Sequence[Spending]


async def load_spending(services: AdminServices, by: Administrator, days: int) -> SpendingPeriod:
    """Load the spending of today and the days before it, `days` in all."""
    _, until = day_of(services.clock.now())
    since = until - days * DAY
    rows = await services.ledger.spending(since=since, until=until, guild_id=by.guild_id)
    return SpendingPeriod(days, since, until, rows)


async def monthly_budget(services: AdminServices, by: Administrator, rules: ServerRules) -> MonthlyBudget:
    budget = Budget(Scope.SERVER, *month_of(services.clock.now()), guild_id=by.guild_id)
    return MonthlyBudget(budget, await services.ledger.spent_in(budget), services.policy.monthly_of(rules))


async def draw_chart(services: AdminServices, spent: SpendingPeriod) -> AttachedFile | None:
    """Draw the chart, or return None where nothing was spent."""
    if not spent.rows:
        return None
    text = services.text
    titles = {slug: card.title for slug, card in services.cards.items()}
    content = await services.media_worker.run(
        chart, spent.rows, since=spent.since, until=spent.until, titles=titles
    )
    total = _summed("", spent.rows)
    words = credits_words(total.credits, text)
    alt = text("spend.alt", count=spent.days, credits=words, usd=text.number(total.usd, 2))
    return AttachedFile(content, "spending.png", alt)


def spend_card(
    spent: SpendingPeriod,
    month: MonthlyBudget,
    image: AttachedFile | None,
    cards: Mapping[str, ModelCard],
    text: Text,
) -> InfoCard:
    lines = [_table(spent.rows, cards, text) if spent.rows else text("spend.nothing")]
    small = [month_line(month, text)]
    if image is not None:
        small.insert(0, text("spend.chart", count=days_per_bar(spent.since, spent.until)))
    if unknown := sum(each.unknown for each in spent.rows):
        presumed = sum(each.presumed for each in spent.rows)
        small.append(text("spend.presumed", count=unknown, usd=text.number(presumed, 2)))
    return InfoCard(
        text("spend.title", count=spent.days),
        lines,
        text,
        small=small,
        pictures=[] if image is None else [image],
    )


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    jobs: int
    credits: int
    refunded: int
    usd: float

    def cells(self, text: Text) -> tuple[str, ...]:
        return (self.name, f"{self.jobs}", f"{self.credits}", f"{self.refunded}", text.number(self.usd, 2))


def _summed(name: str, spending: Sequence[Spending]) -> _Row:
    return _Row(
        name=name,
        jobs=sum(each.jobs for each in spending),
        credits=sum(each.credits for each in spending),
        refunded=sum(each.refunded for each in spending),
        usd=sum(each.usd for each in spending),
    )


def _table(spending: Sequence[Spending], cards: Mapping[str, ModelCard], text: Text) -> str:
    """Table in a code block, whose font is monospaced."""
    by_model = [
        _summed(
            (cards[slug].title if slug in cards else slug)[:_TITLE_WIDTH],
            [each for each in spending if each.slug == slug],
        )
        for slug in {each.slug for each in spending}
    ]
    rows = sorted(by_model, key=lambda row: (-row.credits, row.name))[:_MAX_ROWS]
    heading = tuple(text(f"spend.{name}") for name in HEADINGS)
    table = [heading, *(row.cells(text) for row in rows), _summed(text("spend.total"), spending).cells(text)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            [
                row[0] + _padding(row[0], widths[0]),
                *(_padding(cell, width) + cell for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in table
    ]
    return "\n".join(["```", *lines, "```"])


def _padding(cell: str, width: int) -> str:
    return " " * (width - _width(cell))


def _width(words: str) -> int:
    """Count the columns in a code block, where a Japanese letter takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)
