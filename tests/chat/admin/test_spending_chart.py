"""The spending chart: bars in proportion to the credits, and the same colours every time."""

import io
from collections import Counter
from collections.abc import Sequence

import pytest
from PIL import Image

from bot.chat.admin.spending_chart import HEIGHT, WIDTH, chart, days_per_bar
from bot.ledger.ledger import Spending

DAY = 86_400.0
UNTIL = 1_763_683_200.0
TITLES = {"comic": "Face swap comic", "v4": "Face swap v4", "v5": "Face swap v5"}
COLOURS = {"comic": (86, 180, 233), "v4": (230, 159, 0), "v5": (0, 158, 115)}
GREY = (142, 146, 151)


def spent(slug: str, credits_: int, *, day: int = 1, refunded: int = 0, usd: float = 0.05) -> Spending:
    """`day`: how many days before the end."""
    return Spending(UNTIL - day * DAY, slug, 1, 1, credits_, usd, 0, refunded)


def pixels(spending: Sequence[Spending], *, days: int = 1) -> Counter[tuple[int, int, int]]:
    png = chart(spending, since=UNTIL - days * DAY, until=UNTIL, titles=TITLES)
    with Image.open(io.BytesIO(png)) as picture:
        assert (picture.format, picture.size) == ("PNG", (WIDTH, HEIGHT))
        counted = picture.convert("RGB").getcolors(WIDTH * HEIGHT)
    assert counted is not None
    return Counter({colour: count for count, colour in counted})  # pyright: ignore[reportReturnType]


def test_the_area_of_a_colour_is_proportional_to_the_credits_of_its_model() -> None:
    counts = pixels([spent("comic", 100), spent("v4", 300, usd=0.0), spent("v5", 200)])
    comic, v4, v5 = (counts[COLOURS[slug]] for slug in ("comic", "v4", "v5"))
    assert comic > 1000
    assert v4 / comic == pytest.approx(3, rel=0.15)
    assert v5 / comic == pytest.approx(2, rel=0.15)


def test_the_colour_of_a_model_does_not_depend_on_other_models() -> None:
    counts = pixels([spent("v5", 5)])
    assert counts[COLOURS["v5"]] > 1000
    assert not counts[COLOURS["comic"]]


def test_refunded_credits_are_not_drawn() -> None:
    whole, half = (pixels([spent("v5", 100), spent("v4", 100, refunded=back)]) for back in (0, 50))
    share = [counts[COLOURS["v4"]] / counts[COLOURS["v5"]] for counts in (whole, half)]
    assert share == pytest.approx([1, 0.5], rel=0.15)


def test_a_model_that_is_no_longer_offered_is_still_drawn() -> None:
    gone = [spent(f"gone-{number}", 50) for number in range(6)]
    assert pixels([spent("v5", 50), *gone])[GREY] > 1000


@pytest.mark.parametrize("days", [1, 2, 30, 90, 121, 3650])
def test_the_first_and_the_last_day_are_in_the_chart(days: int) -> None:
    spending = [spent("v5", 10, day=day) for day in range(1, days + 1)]
    filled, first, last = (
        pixels(chosen, days=days)[COLOURS["v5"]] for chosen in (spending, spending[-1:], spending[:1])
    )
    assert first > 0
    assert last > 0
    assert filled > 10_000


def test_spending_outside_of_the_period_is_left_out() -> None:
    assert pixels([spent("v5", 5, day=0), spent("v5", 5, day=4)], days=3) == pixels([], days=3)


@pytest.mark.parametrize("scale", [1, 7, 999, 10**6, 10**15])
def test_the_highest_bar_fits_at_any_scale(scale: int) -> None:
    counts = pixels([spent("v5", scale, usd=scale / 100), spent("v4", scale, usd=0.0)])
    assert counts[COLOURS["v5"]] / counts[COLOURS["v4"]] == pytest.approx(1, rel=0.15)


def test_a_chart_without_spending_is_empty() -> None:
    counts = pixels([], days=30)
    assert not any(counts[colour] for colour in COLOURS.values())


@pytest.mark.parametrize(("days", "expected"), [(1, 1), (120, 1), (121, 2), (365, 4)])
def test_long_periods_share_bars_between_days(days: int, expected: int) -> None:
    assert days_per_bar(UNTIL - days * DAY, UNTIL) == expected
