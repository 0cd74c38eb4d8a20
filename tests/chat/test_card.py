"""Cards in every state keep Discord's bounds and say what a member needs to know."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import catalogue
from bot.chat.card import end_card, notice, stage_card
from bot.chat.text import Text
from bot.jobs.job import Reason, State
from bot.jobs.stages import Processing, Queued, Reconnecting, Searching, Stage, Waiting
from tests.jobs.orders import job

TEXT = Text.load()
CARDS = [model.card for model in catalogue("cogs").values()]
SETTLED = [state for state in State if state.settled]


@dataclass(frozen=True)
class Attached:
    filename: str = "faceswap-v5-abc.png"
    alt: str = "AI-generated face swap"


def words(view: ui.LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay))


def keeps_bounds(view: ui.LayoutView) -> bool:
    return len(list(view.walk_children())) <= 40 and view.content_length() <= 4000


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Waiting(3), ["Waiting", "number 3"]),
        (Reconnecting(), ["Trying again", "Nothing was sent"]),
        (Queued(1000, 10), ["Queued", "<t:1000:R>", "about 10 s"]),
        (Processing(1000, 150), ["Processing", "<t:1000:R>", "about 2 min"]),
        (Searching(), ["Checking", "never sent twice"]),
    ],
)
def test_an_open_job_says_where_it_is(stage: Stage, said: list[str]) -> None:
    view = stage_card(CARDS[0], stage, 5, TEXT)
    assert all(word in words(view) for word in [CARDS[0].title, "5 credits, charged only when", *said])
    assert keeps_bounds(view)


def test_a_finished_job_shows_its_picture_with_alt_text_its_price_and_its_time() -> None:
    done = job(state=State.DONE, submitted_at=100.0, settled_at=104.2)
    view = end_card(CARDS[0], done, TEXT, Attached())
    (gallery,) = [item for item in view.walk_children() if isinstance(item, ui.MediaGallery)]
    assert gallery.items[0].media.url == "attachment://faceswap-v5-abc.png"
    assert gallery.items[0].description == "AI-generated face swap"
    assert all(word in words(view) for word in ["Completed", "4.2 s", "5 credits", "AI-generated"])


def test_a_result_that_fits_nowhere_is_given_as_a_link() -> None:
    done = job(state=State.DONE, output="https://files.example/result.mp4")
    assert "https://files.example/result.mp4" in words(end_card(CARDS[0], done, TEXT))


@pytest.mark.parametrize("state", [State.FAILED, State.BLOCKED])
def test_segminds_own_words_are_shown_and_can_do_no_harm(state: State) -> None:
    detail = "@everyone **bold** <@1> [x](https://x.example) ``` `code` CUDA out of memory"
    said = words(end_card(CARDS[0], job(state=state, reason=Reason.SEGMIND, detail=detail), TEXT))
    block = said.split("```")[1]
    assert said.count("```") == 2
    assert "CUDA out of memory" in block
    assert "@everyone" in block
    assert "Nothing was charged" in said


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_for_a_failure_has_words_of_its_own(reason: Reason) -> None:
    said = words(end_card(CARDS[0], job(state=State.FAILED, reason=reason, detail="d"), TEXT))
    others = [
        words(end_card(CARDS[0], job(state=State.FAILED, reason=other, detail="d"), TEXT)) for other in Reason
    ]
    assert others.count(said) == 1
    assert "you keep your 5 credits" in said


@given(
    st.sampled_from(CARDS),
    st.sampled_from(SETTLED),
    st.sampled_from([None, *Reason]),
    st.text(max_size=6000),
    st.integers(0, 10**9),
    st.booleans(),
)
def test_every_end_of_every_model_keeps_discords_bounds(
    card: Any, state: State, reason: Reason | None, detail: str, price: int, attached: bool
) -> None:
    ended = replace(
        job(), state=state, reason=reason, detail=detail, price=price, output="https://x.example/y"
    )
    assert keeps_bounds(end_card(card, ended, TEXT, Attached() if attached else None))


def test_a_notice_keeps_them_too() -> None:
    assert keeps_bounds(notice("x" * 3000))


def test_one_credit_is_not_called_credits() -> None:
    assert "your 1 credit." in words(end_card(CARDS[0], job(state=State.CANCELLED, price=1), TEXT))
