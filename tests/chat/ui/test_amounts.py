"""Times are rounded to what a person would say."""

import pytest

from bot.chat.text import Text, speaking
from bot.chat.ui.amounts import rough_duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (119, "119 s"), (180, "3 min"), (7199, "120 min"), (24 * 3600, "24 h"), (9000, "2.5 h")],
)
def test_a_time_is_rounded_to_what_a_person_would_say(seconds: float, words: str) -> None:
    assert rough_duration(seconds, Text.load()) == words


def test_a_part_of_an_hour_has_the_readers_decimal_separator() -> None:
    with speaking("de"):
        assert rough_duration(9000, Text.load()) == "2,5 Std."
