"""The chart of what was spent: as much colour as there were credits, and the same colours every time."""

import io
from collections import Counter
from collections.abc import Sequence

import pytest
from PIL import Image

from bot.chat.admin.spending_chart import HEIGHT, WIDTH, chart
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


def test_a_bar_has_as_much_of_a_colour_as_its_model_has_credits() -> None:
    seen = pixels([spent("comic", 100), spent("v4", 300, usd=0.0), spent("v5", 200)])
    comic, v4, v5 = (seen[COLOURS[slug]] for slug in ("comic", "v4", "v5"))
    assert comic > 1000
    assert v4 / comic == pytest.approx(3, rel=0.15)
    assert v5 / comic == pytest.approx(2, rel=0.15)


def test_a_model_has_the_same_colour_whatever_else_was_spent() -> None:
    seen = pixels([spent("v5", 5)])
    assert seen[COLOURS["v5"]] > 1000
    assert not seen[COLOURS["comic"]]


def test_what_was_given_back_is_not_drawn() -> None:
    whole, half = (pixels([spent("v5", 100), spent("v4", 100, refunded=back)]) for back in (0, 50))
    share = [seen[COLOURS["v4"]] / seen[COLOURS["v5"]] for seen in (whole, half)]
    assert share == pytest.approx([1, 0.5], rel=0.15)


def test_a_model_that_is_no_more_is_drawn_all_the_same() -> None:
    gone = [spent(f"gone-{number}", 50) for number in range(6)]
    assert pixels([spent("v5", 50), *gone])[GREY] > 1000


@pytest.mark.parametrize("days", [1, 2, 30, 90, 121, 3650])
def test_every_day_is_in_the_picture(days: int) -> None:
    spending = [spent("v5", 10, day=day) for day in range(1, days + 1)]
    filled, first, last = (
        pixels(chosen, days=days)[COLOURS["v5"]] for chosen in (spending, spending[-1:], spending[:1])
    )
    assert first > 0
    assert last > 0
    assert filled > 10_000


def test_what_lies_outside_is_left_out() -> None:
    assert pixels([spent("v5", 5, day=0), spent("v5", 5, day=4)], days=3) == pixels([], days=3)


@pytest.mark.parametrize("scale", [1, 7, 999, 10**6, 10**15])
def test_the_highest_bar_fits_whatever_its_height(scale: int) -> None:
    seen = pixels([spent("v5", scale, usd=scale / 100), spent("v4", scale, usd=0.0)])
    assert seen[COLOURS["v5"]] / seen[COLOURS["v4"]] == pytest.approx(1, rel=0.15)


def test_nothing_spent_is_an_empty_picture_and_not_an_error() -> None:
    seen = pixels([], days=30)
    assert not any(seen[colour] for colour in COLOURS.values())
