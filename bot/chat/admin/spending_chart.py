"""Chart of spending: a bar for each day, stacked by model, and Segmind's cost in dollars as a line.

The picture itself holds names, numbers and dates only. Pillow's font has no letters beyond ASCII, so the
sentence that explains the chart stands beside the picture, where Discord can draw every language.
"""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from bot.ledger.allowance import DAY
from bot.ledger.ledger import Spending

if TYPE_CHECKING:
    from PIL import ImageFont

# Discord shows a picture at half of this width, so letters have to be twice as large as usual.
WIDTH, HEIGHT = 1100, 660
# The chart is drawn larger and reduced afterwards, which smooths every edge.
_SCALE = 2
_FONT_SIZE = 24
_MARGIN, _GAP = 36, 12
_ROW = 38
# Nobody can tell more bars than this apart, so several days share one.
_MAX_BARS = 120
_GRID_LINES = 4
_ROUND_STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
_MAX_DATES = 4
_MAX_BAR_WIDTH = 150
# With more points than this, the dots of the cost line would touch.
_MAX_DOTS = 45

# Its own background makes the chart readable in Discord's light and dark themes.
_BACKGROUND, _RULE, _DIM, _BRIGHT = "#1e1f22", "#3a3c43", "#b5bac1", "#f2f3f5"
# Okabe and Ito's palette, which is safe for colour-blind people; the dark colours come last.
_COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2")
_OTHER_COLOUR = "#8e9297"


@dataclass(slots=True)
class _Bar:
    """Spending of one day, or of several where they share a bar."""

    since: float
    credits: dict[str, int] = field(default_factory=dict[str, int])
    usd: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.credits.values())


def days_per_bar(since: float, until: float) -> int:
    """Return how many days (UTC) share each bar of a chart from `since` to `until`."""
    return math.ceil(_days(since, until) / _MAX_BARS)


def chart(
    spending: Sequence[Spending], *, since: float, until: float, titles: Mapping[str, str], caption: str = ""
) -> bytes:
    """Return a PNG of the days (UTC) from `since` to `until`, without refunded credits.

    `titles` are the names of the models by slug. A model takes its colour from its place there, so it has the
    same colour in every chart. `caption` has to be ASCII.
    """
    return _Canvas(_bars(spending, since, until), titles, caption).png()


def _days(since: float, until: float) -> int:
    return max(1, math.ceil((until - since // DAY * DAY) / DAY))


def _bars(spending: Sequence[Spending], since: float, until: float) -> list[_Bar]:
    first, step = since // DAY * DAY, days_per_bar(since, until)
    bars = [_Bar(first + day * DAY) for day in range(0, _days(since, until), step)]
    for each in spending:
        index = int((each.day - first) // (DAY * step))
        if 0 <= index < len(bars):
            credits_ = bars[index].credits
            credits_[each.slug] = credits_.get(each.slug, 0) + max(0, each.credits - each.refunded)
            bars[index].usd += each.usd
    return bars


class _Canvas:
    def __init__(self, bars: Sequence[_Bar], titles: Mapping[str, str], caption: str) -> None:
        self._bars = bars
        self._titles = titles
        self._caption = caption
        from PIL import Image, ImageDraw  # noqa: PLC0415 - the bot names `chart` without loading Pillow

        self._image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), _BACKGROUND)
        self._draw = ImageDraw.Draw(self._image)
        self._by_model = _totals(bars)
        self._slugs = [*titles, *sorted(self._by_model.keys() - titles.keys())]

    def png(self) -> bytes:
        if self._caption:
            self._write((_MARGIN, _MARGIN), self._caption, _BRIGHT)
        bottom = self._legend() - _ROW - _GAP
        credits_step = _step(max(bar.total for bar in self._bars), whole=True)
        usd_step = _step(max(bar.usd for bar in self._bars))
        lines = range(_GRID_LINES + 1)
        left = _MARGIN + max(_width(_short(credits_step * line)) for line in lines) + _GAP
        right = WIDTH - _MARGIN - max(_width(_dollars(usd_step * line)) for line in lines) - _GAP
        top = _MARGIN + (_ROW + _GAP if self._caption else 0)
        plot = _Plot(left, top, right, bottom, len(self._bars))
        self._grid(plot, credits_step, usd_step)
        self._dates(plot)
        if any(bar.total or bar.usd for bar in self._bars):
            self._stacks(plot, credits_step * _GRID_LINES)
            self._line(plot, usd_step * _GRID_LINES)
        return self._encode_png()

    def _legend(self) -> float:
        """Draw the legend at the bottom and return where its top is."""
        entries: list[tuple[str | None, str]] = [
            (self._colour(slug), f"{self._titles.get(slug, slug)} · {_short(self._by_model[slug])}")
            for slug in self._slugs
            if self._by_model.get(slug)
        ]
        entries.append((None, f"${sum(bar.usd for bar in self._bars):,.2f}"))
        rows = list(_wrapped(entries))
        top = HEIGHT - _MARGIN - len(rows) * _ROW
        for number, row in enumerate(rows):
            x, y = float(_MARGIN), top + number * _ROW + _ROW / 2
            for colour, words in row:
                self._key(x, y, colour)
                self._write((x + 1.5 * _FONT_SIZE, y), words, _BRIGHT, anchor="lm")
                x += _entry_width(words)
        return top

    def _key(self, x: float, y: float, colour: str | None) -> None:
        half = _FONT_SIZE * 0.4
        if colour is None:
            self._path([(x, y), (x + _FONT_SIZE, y)])
            self._dot(x + _FONT_SIZE / 2, y)
        else:
            self._box((x, y - half, x + 2 * half, y + half), colour, round_=4)

    def _grid(self, plot: "_Plot", credits_step: float, usd_step: float) -> None:
        for line in range(_GRID_LINES + 1):
            y = plot.height(line / _GRID_LINES)
            self._box((plot.left, y - 0.5, plot.right, y + 0.5), _RULE)
            self._write((plot.left - _GAP, y), _short(credits_step * line), _DIM, anchor="rm")
            self._write((plot.right + _GAP, y), _dollars(usd_step * line), _DIM, anchor="lm")

    def _dates(self, plot: "_Plot") -> None:
        every = max(1, math.ceil(len(self._bars) / _MAX_DATES))
        for index in range(0, len(self._bars), every):
            words = f"{datetime.fromtimestamp(self._bars[index].since, UTC):%Y-%m-%d}"
            half = _width(words) / 2
            x = min(max(plot.middle(index), plot.left + half), plot.right - half)
            self._write((x, plot.bottom + _GAP), words, _DIM, anchor="ma")

    def _stacks(self, plot: "_Plot", most: float) -> None:
        for index, bar in enumerate(self._bars):
            below = 0
            left, right = plot.sides(index)
            for slug in self._slugs:
                if amount := bar.credits.get(slug):
                    top, foot = plot.height((below + amount) / most), plot.height(below / most)
                    # A thin gap separates two neighbours where both are tall enough.
                    gap = 1 if below and foot - top > 2 * _GRID_LINES else 0
                    self._box((left, min(top, foot - 1), right, foot - gap), self._colour(slug))
                    below += amount

    def _line(self, plot: "_Plot", most: float) -> None:
        points = [(plot.middle(i), plot.height(bar.usd / most)) for i, bar in enumerate(self._bars)]
        self._path(points)
        if len(points) <= _MAX_DOTS:
            for point in points:
                self._dot(*point)

    def _path(self, points: Sequence[tuple[float, float]]) -> None:
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        # The dark edge keeps the line visible on bars of every colour.
        self._draw.line(scaled, _BACKGROUND, width=7 * _SCALE, joint="curve")
        self._draw.line(scaled, _BRIGHT, width=3 * _SCALE, joint="curve")

    def _dot(self, x: float, y: float) -> None:
        for radius, colour in ((7, _BACKGROUND), (5, _BRIGHT)):
            sides = [side * _SCALE for side in (x - radius, y - radius, x + radius, y + radius)]
            self._draw.ellipse(sides, fill=colour)

    def _box(self, sides: tuple[float, float, float, float], colour: str, *, round_: float = 0) -> None:
        left, top, right, bottom = (round(side * _SCALE) for side in sides)
        # Pillow includes the last pixel.
        corners = (left, top, max(left, right - 1), max(top, bottom - 1))
        self._draw.rounded_rectangle(corners, round_ * _SCALE, fill=colour)

    def _write(self, at: tuple[float, float], words: str, colour: str, *, anchor: str = "la") -> None:
        place = (at[0] * _SCALE, at[1] * _SCALE)
        self._draw.text(place, words, fill=colour, font=_font(_FONT_SIZE * _SCALE), anchor=anchor)

    def _colour(self, slug: str) -> str:
        index = self._slugs.index(slug)
        return _COLOURS[index] if index < len(_COLOURS) else _OTHER_COLOUR

    def _encode_png(self) -> bytes:
        file = io.BytesIO()
        self._image.reduce(_SCALE).save(file, "PNG")
        return file.getvalue()


@dataclass(frozen=True, slots=True)
class _Plot:
    """Area of the bars."""

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
        half = min(self._slot * 0.76, _MAX_BAR_WIDTH) / 2
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
    """Yield rows with as many entries as fit."""
    row: list[tuple[str | None, str]] = []
    for entry in entries:
        if row and sum(_entry_width(words) for _, words in (*row, entry)) > WIDTH - 2 * _MARGIN:
            yield row
            row = []
        row.append(entry)
    yield row


def _entry_width(words: str) -> float:
    return 1.5 * _FONT_SIZE + _width(words) + 2 * _GAP


def _step(most: float, *, whole: bool = False) -> float:
    """Return a round distance between grid lines that keeps the highest bar below the last line."""
    if most <= 0:
        return 1
    least = most / _GRID_LINES
    power = 10.0 ** math.floor(math.log10(least))
    # Rounding is needed because 0.1 times 3 is a little more than 0.3.
    step = next(factor * power for factor in _ROUND_STEPS if round(least / power, 9) <= factor)
    return math.ceil(step) if whole else step


def _short(number: float) -> str:
    """Format a number with three digits and a suffix: 950, 1.25k, 35k, 4.5M."""
    for power, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= power:
            return f"{float(f'{number / power:.3g}'):g}{letter}"
    return f"{number:g}"


def _dollars(usd: float) -> str:
    if usd >= 1000:  # noqa: PLR2004 - cents no longer matter.
        return f"${_short(usd)}"
    return f"${usd:.2f}" if usd >= 0.01 or not usd else f"${usd:.1g}"  # noqa: PLR2004


@cache
def _font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    from PIL import ImageFont  # noqa: PLC0415 - as above

    # Pillow's own font works on machines without any fonts.
    return ImageFont.load_default(size)


def _width(words: str) -> float:
    return _font(_FONT_SIZE).getlength(words)
