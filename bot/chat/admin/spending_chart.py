"""What was spent, as a picture: a bar for each day, stacked by model, and the cost in dollars as a line."""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from bot.ledger.allowance import DAY
from bot.ledger.ledger import Spending

# Discord shows a picture at half of this width, so what is written has to be twice as large as usual.
WIDTH, HEIGHT = 1100, 660
# Drawn larger and made smaller afterwards, which smooths every edge.
_FINE = 2
_TITLE, _WORDS = 34, 24
_MARGIN, _GAP = 36, 12
_ROW = 38
# More bars than this are no longer seen one by one, so several days share one.
_BARS = 120
_GRID = 4
_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
_DATES = 7
_WIDEST_BAR = 150
_DOTTED = 45

# A ground of its own reads the same on Discord's light and dark pages.
_GROUND, _RULE, _SOFT, _BRIGHT = "#1e1f22", "#3a3c43", "#b5bac1", "#f2f3f5"
# Okabe and Ito's colours, which people tell apart whatever colours they see; the dark ones come last.
_COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2")
_OTHERS = "#8e9297"


@dataclass(slots=True)
class _Bar:
    """What was spent in one stretch of days."""

    since: float
    credits: dict[str, int] = field(default_factory=dict[str, int])
    usd: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.credits.values())


def chart(spending: Sequence[Spending], *, since: float, until: float, titles: Mapping[str, str]) -> bytes:
    """A PNG of the days (UTC) from `since` to `until`. Credits that were given back are not counted.

    `titles` are the names of the models by slug; their order decides about the colours, so that a model has
    the same one in every chart.
    """
    first = since // DAY * DAY
    days = max(1, math.ceil((until - first) / DAY))
    stretch = math.ceil(days / _BARS)
    bars = _bars(spending, first, days, stretch)
    return _Canvas(bars, stretch, titles).png()


def _bars(spending: Sequence[Spending], first: float, days: int, stretch: int) -> list[_Bar]:
    bars = [_Bar(first + day * DAY) for day in range(0, days, stretch)]
    for each in spending:
        index = int((each.day - first) // (DAY * stretch))
        if 0 <= index < len(bars):
            kept = bars[index].credits
            kept[each.slug] = kept.get(each.slug, 0) + max(0, each.credits - each.refunded)
            bars[index].usd += each.usd
    return bars


class _Canvas:
    def __init__(self, bars: Sequence[_Bar], stretch: int, titles: Mapping[str, str]) -> None:
        self._bars = bars
        self._stretch = stretch
        self._titles = titles
        self._image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), _GROUND)
        self._draw = ImageDraw.Draw(self._image)
        self._by_model = _totals(bars)
        self._known = [*titles, *sorted(self._by_model.keys() - titles.keys())]

    def png(self) -> bytes:
        self._heading()
        bottom = self._legend() - _ROW - _GAP
        credits_step = _step(max(bar.total for bar in self._bars), whole=True)
        usd_step = _step(max(bar.usd for bar in self._bars))
        left = _MARGIN + max(_width(_short(credits_step * line)) for line in range(_GRID + 1)) + _GAP
        right = WIDTH - _MARGIN - max(_width(_dollars(usd_step * line)) for line in range(_GRID + 1)) - _GAP
        top = _MARGIN + _TITLE + _ROW + 3 * _GAP
        plot = _Plot(left, top, right, bottom, len(self._bars))
        self._grid(plot, credits_step, usd_step)
        self._dates(plot)
        if any(bar.total or bar.usd for bar in self._bars):
            self._stacks(plot, credits_step * _GRID)
            self._line(plot, usd_step * _GRID)
        else:
            middle = ((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2)
            self._write(middle, "Nothing was spent", _SOFT, anchor="mm")
        return self._saved()

    def _heading(self) -> None:
        per = "day" if self._stretch == 1 else f"{self._stretch} days"
        credits_, usd = sum(self._by_model.values()), sum(bar.usd for bar in self._bars)
        self._write((_MARGIN, _MARGIN), f"Credits spent per {per}", _BRIGHT, size=_TITLE)
        told = f"{_counted(credits_)} in all · Segmind's cost ${usd:,.2f}"
        self._write((_MARGIN, _MARGIN + _TITLE + _GAP), told, _SOFT)

    def _legend(self) -> float:
        """Drawn from the bottom up; says where it begins."""
        entries: list[tuple[str | None, str]] = [
            (self._colour(slug), f"{self._titles.get(slug, slug)} · {_short(self._by_model[slug])}")
            for slug in self._known
            if self._by_model.get(slug)
        ]
        entries.append((None, "Cost in US$, on the right"))
        rows = list(_wrapped(entries))
        top = HEIGHT - _MARGIN - len(rows) * _ROW
        for number, row in enumerate(rows):
            x, y = float(_MARGIN), top + number * _ROW + _ROW / 2
            for colour, words in row:
                self._key(x, y, colour)
                self._write((x + 1.5 * _WORDS, y), words, _BRIGHT, anchor="lm")
                x += _entry_width(words)
        return top

    def _key(self, x: float, y: float, colour: str | None) -> None:
        half = _WORDS * 0.4
        if colour is None:
            self._path([(x, y), (x + _WORDS, y)])
            self._dot(x + _WORDS / 2, y)
        else:
            self._box((x, y - half, x + 2 * half, y + half), colour, round_=4)

    def _grid(self, plot: "_Plot", credits_step: float, usd_step: float) -> None:
        for line in range(_GRID + 1):
            y = plot.height(line / _GRID)
            self._box((plot.left, y - 0.5, plot.right, y + 0.5), _RULE)
            self._write((plot.left - _GAP, y), _short(credits_step * line), _SOFT, anchor="rm")
            self._write((plot.right + _GAP, y), _dollars(usd_step * line), _SOFT, anchor="lm")

    def _dates(self, plot: "_Plot") -> None:
        every = max(1, math.ceil(len(self._bars) / _DATES))
        for index in range(0, len(self._bars), every):
            moment = datetime.fromtimestamp(self._bars[index].since, UTC)
            words = f"{moment.day} {moment:%b}"
            half = _width(words) / 2
            x = min(max(plot.middle(index), plot.left + half), plot.right - half)
            self._write((x, plot.bottom + _GAP), words, _SOFT, anchor="ma")

    def _stacks(self, plot: "_Plot", most: float) -> None:
        for index, bar in enumerate(self._bars):
            below = 0
            left, right = plot.sides(index)
            for slug in self._known:
                if amount := bar.credits.get(slug):
                    top, foot = plot.height((below + amount) / most), plot.height(below / most)
                    # A hair of ground tells two neighbours apart, where there is room for it.
                    seam = 1 if below and foot - top > 2 * _GRID else 0
                    self._box((left, min(top, foot - 1), right, foot - seam), self._colour(slug))
                    below += amount

    def _line(self, plot: "_Plot", most: float) -> None:
        points = [(plot.middle(i), plot.height(bar.usd / most)) for i, bar in enumerate(self._bars)]
        self._path(points)
        if len(points) <= _DOTTED:
            for point in points:
                self._dot(*point)

    def _path(self, points: Sequence[tuple[float, float]]) -> None:
        fine = [(x * _FINE, y * _FINE) for x, y in points]
        # Its edge keeps it visible on bars of every colour.
        self._draw.line(fine, _GROUND, width=7 * _FINE, joint="curve")
        self._draw.line(fine, _BRIGHT, width=3 * _FINE, joint="curve")

    def _dot(self, x: float, y: float) -> None:
        for radius, colour in ((7, _GROUND), (5, _BRIGHT)):
            sides = [(x - radius) * _FINE, (y - radius) * _FINE, (x + radius) * _FINE, (y + radius) * _FINE]
            self._draw.ellipse(sides, fill=colour)

    def _box(self, sides: tuple[float, float, float, float], colour: str, *, round_: float = 0) -> None:
        left, top, right, bottom = (round(side * _FINE) for side in sides)
        # Pillow counts the last pixel in.
        corners = (left, top, max(left, right - 1), max(top, bottom - 1))
        self._draw.rounded_rectangle(corners, round_ * _FINE, fill=colour)

    def _write(
        self, at: tuple[float, float], words: str, colour: str, *, size: int = _WORDS, anchor: str = "la"
    ) -> None:
        place = (at[0] * _FINE, at[1] * _FINE)
        self._draw.text(place, words, fill=colour, font=_font(size * _FINE), anchor=anchor)

    def _colour(self, slug: str) -> str:
        index = self._known.index(slug)
        return _COLOURS[index] if index < len(_COLOURS) else _OTHERS

    def _saved(self) -> bytes:
        file = io.BytesIO()
        self._image.reduce(_FINE).save(file, "PNG", optimize=True)
        return file.getvalue()


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where the bars stand."""

    left: float
    top: float
    right: float
    bottom: float
    count: int

    def height(self, share: float) -> float:
        return self.bottom - (self.bottom - self.top) * share

    def middle(self, index: int) -> float:
        return self.left + self._slot * (index + 0.5)

    def sides(self, index: int) -> tuple[float, float]:
        half = min(self._slot * 0.76, _WIDEST_BAR) / 2
        return self.middle(index) - half, self.middle(index) + half

    @property
    def _slot(self) -> float:
        return (self.right - self.left) / self.count


def _totals(bars: Sequence[_Bar]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for bar in bars:
        for slug, amount in bar.credits.items():
            totals[slug] = totals.get(slug, 0) + amount
    return totals


def _wrapped(
    entries: Sequence[tuple[str | None, str]],
) -> Iterator[Sequence[tuple[str | None, str]]]:
    """As many entries to a row as have room in it."""
    row: list[tuple[str | None, str]] = []
    for entry in entries:
        if row and sum(_entry_width(words) for _, words in (*row, entry)) > WIDTH - 2 * _MARGIN:
            yield row
            row = []
        row.append(entry)
    yield row


def _entry_width(words: str) -> float:
    return 1.5 * _WORDS + _width(words) + 2 * _GAP


def _step(most: float, *, whole: bool = False) -> float:
    """A round distance between two lines of the grid, so that the highest bar stays below the last one."""
    if most <= 0:
        return 1
    least = most / _GRID
    power = 10.0 ** math.floor(math.log10(least))
    # Rounded: 0.1 times 3 is a little more than 0.3.
    step = next(factor * power for factor in _ROUND if round(least / power, 9) <= factor)
    return math.ceil(step) if whole else step


def _short(number: float) -> str:
    """Three figures and a letter: 950, 1.25k, 35k, 4.5M."""
    for power, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= power:
            return f"{float(f'{number / power:.3g}'):g}{letter}"
    return f"{number:g}"


def _dollars(usd: float) -> str:
    if usd >= 1000:  # noqa: PLR2004 - from here on cents say nothing.
        return f"${_short(usd)}"
    return f"${usd:.2f}" if usd >= 0.01 or not usd else f"${usd:.1g}"  # noqa: PLR2004


def _counted(amount: int) -> str:
    return "1 credit" if amount == 1 else f"{amount:,} credits"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    # The one that Pillow brings along: no machine has to have any.
    return ImageFont.load_default(size)


def _width(words: str) -> float:
    return _font(_WORDS).getlength(words)
