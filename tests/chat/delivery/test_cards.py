"""Cards of every state fit Discord's limits and say what a member needs to know."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.delivery.job_buttons import end_rows, waiting_rows
from bot.chat.delivery.progress_card import BAR_LENGTH, bar, stage_card
from bot.chat.delivery.result_card import elsewhere_card, end_card
from bot.chat.text import LANGUAGES, Text, speaking
from bot.chat.ui.card import Card, CardMedia, OriginalPreview, error_card
from bot.jobs.job import Job, Place, Reason, State
from bot.jobs.stages import (
    Collecting,
    Due,
    NoBalance,
    Paused,
    Processing,
    Queued,
    Reconnecting,
    Searching,
    Stage,
    Waiting,
)
from bot.media.types import Compromise
from bot.models import FaceModel
from tests.harness import MODELS
from tests.jobs.orders import job
from tests.wording import wording

TEXT = Text.load()
V5 = MODELS["faceswap-v5"]
# Reasons for a job without a result; a result that is kept back exists.
REASONS = [reason for reason in Reason if not reason.keeps_back]
SETTLED = [state for state in State if state.settled]
HARMFUL = "@everyone **bold** <@1> [x](https://x.example) ``` `code` \u202e # CUDA out of memory"


@dataclass(frozen=True)
class Attached:
    """Stand-in for a result file."""

    filename: str = "faceswap-v5-abc.png"
    alt: str = "AI-generated face swap"
    compromise: Compromise | None = None


def words(view: ui.LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay))


def keeps_bounds(view: ui.LayoutView) -> bool:
    return len(list(view.walk_children())) <= 40 and view.content_length() <= 4000


def ended(state: State, **facts: Any) -> Card:
    return end_card(V5, job(state=state, **facts), TEXT)


def body(**options: Any) -> dict[str, Any]:
    return {**job().body, "seed": 8005332, **options}


@pytest.mark.parametrize(
    ("stage", "shown"),
    [
        (Waiting(3), ["⏳ Face swap v5 · Waiting in line", "number 3 in line"]),
        (Reconnecting(), ["Trying again", wording("stage.reconnecting_note")]),
        (Paused(), ["Paused", wording("stage.paused_note")]),
        (Queued(1000, 10), ["📨 Face swap v5 · Queued", "<t:1000:R>", "<t:1010:R>"]),
        (Processing(1000, 150), ["⚙️ Face swap v5 · Processing", "<t:1000:R>", "<t:1150:R>"]),
        (Searching(), ["Checking", wording("stage.searching_note")]),
    ],
)
def test_a_job_that_is_not_finished_shows_its_stage(stage: Stage, shown: list[str]) -> None:
    view = stage_card(V5, job(), stage, TEXT, now=1001)
    common = [V5.card.title, "5 credits · you only pay"]
    assert all(word in words(view) for word in [*common, *shown])
    assert words(view).count("-# ") == 1
    assert keeps_bounds(view)


def test_the_progress_grows_with_the_time_and_is_full_only_at_the_end() -> None:
    steps = [bar(elapsed, 10).count("▰") for elapsed in range(-5, 40)]
    assert steps == sorted(steps)
    assert (steps[0], steps[10], steps[-1]) == (0, 5, BAR_LENGTH - 1)
    assert {len(bar(elapsed, 0.0)) for elapsed in range(3)} == {BAR_LENGTH}


def test_a_job_that_takes_longer_than_usual_says_so() -> None:
    assert "longer than the usual 10 s" in words(stage_card(V5, job(), Processing(1000, 10), TEXT, now=1030))


def test_changed_options_are_shown_harmlessly() -> None:
    order = job(body=body(additional_prompt=HARMFUL * 3, quality=95, image_format="webp"))
    shown = words(stage_card(V5, order, Queued(1, 10), TEXT, now=1))
    (line,) = [line for line in shown.splitlines() if "additional_prompt" in line]
    assert "· additional_prompt `@everyone **bold** <@1> [x]" in line
    assert "\u202e" not in line
    assert "image_format `webp`" in line
    assert "seed" not in line
    assert "quality" not in line
    assert len(line) < 240


def test_an_order_from_before_its_model_changed_is_shown_without_its_options() -> None:
    former, plain = job(body={"gone": 1}), job(body={})
    assert words(stage_card(V5, former, Queued(1, 10), TEXT, now=1)) == words(
        stage_card(V5, plain, Queued(1, 10), TEXT, now=1)
    )


@pytest.mark.parametrize(
    ("compromise", "sentence"),
    [
        (Compromise.REDUCED, "This GIF has fewer frames"),
        (Compromise.WEBP, wording("end.gif_as_webp")),
        (Compromise.VIDEO, wording("end.gif_as_video")),
    ],
)
def test_a_result_that_could_not_be_a_full_gif_says_so(compromise: Compromise, sentence: str) -> None:
    done = job(state=State.DONE, submitted_at=100.0, settled_at=104.2)
    view = end_card(V5, done, TEXT, CardMedia(shown=Attached(compromise=compromise)))
    assert sentence in words(view)


def test_a_finished_job_shows_its_picture_with_alt_text_its_price_and_its_time() -> None:
    done = job(state=State.DONE, submitted_at=100.0, settled_at=104.2)
    before = OriginalPreview("https://cdn.discordapp.com/b.png", "Before")
    view = end_card(V5, done, TEXT, CardMedia(shown=Attached(), before=before, spoiler=True))
    (gallery,) = [item for item in view.walk_children() if isinstance(item, ui.MediaGallery)]
    assert [each.media.url for each in gallery.items] == [
        "https://cdn.discordapp.com/b.png",
        "attachment://faceswap-v5-abc.png",
    ]
    assert gallery.items[1].description == "AI-generated face swap"
    assert all(each.spoiler for each in gallery.items)
    title, small = words(view).splitlines()
    # A title that needs two lines keeps the number and its unit together.
    assert title == "### ✅ Face swap v5 · Completed in 4.2\N{NO-BREAK SPACE}s"
    assert small == "-# Before → after · AI-generated · 5 credits"


def test_the_line_that_names_the_original_stands_above_the_pictures() -> None:
    before = OriginalPreview("https://cdn.discordapp.com/b.png", "Before")
    view = end_card(V5, job(state=State.DONE), TEXT, CardMedia(shown=Attached(), before=before))
    (box,) = view.children
    assert isinstance(box, ui.Container)
    assert [type(item) for item in box.children] == [ui.TextDisplay, ui.MediaGallery]


def test_a_result_that_fits_nowhere_is_given_as_a_link() -> None:
    assert "https://files.example/r.mp4" in words(ended(State.DONE, output="https://files.example/r.mp4"))


@pytest.mark.parametrize(
    ("reason", "said"),
    [(Reason.WITHHELD, "ask a moderator"), (Reason.FILTERED, "You got 5 credits back")],
)
def test_a_withheld_result_is_neither_shown_nor_linked_and_the_card_says_what_to_do(
    reason: Reason, said: str
) -> None:
    shown = words(ended(State.DONE, reason=reason, output="https://files.example/r.png"))
    assert all(word in shown for word in ["Not shown", "5 credits", said])
    assert "files.example" not in shown


@pytest.mark.parametrize("state", [State.FAILED, State.BLOCKED])
def test_segminds_error_is_quoted_harmlessly(state: State) -> None:
    shown = words(ended(state, reason=Reason.SEGMIND, detail=HARMFUL))
    block = shown.split("```")[1]
    assert shown.count("```") == 2
    assert "CUDA out of memory" in block
    assert "@everyone" in block
    assert "Nothing was charged" in shown


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_for_a_failure_has_its_own_sentence_and_advice(reason: Reason) -> None:
    shown = words(ended(State.FAILED, reason=reason, detail="d"))
    others = [words(ended(State.FAILED, reason=other, detail="d")) for other in REASONS]
    advice = next(line for line in reversed(shown.splitlines()) if not line.startswith("-# "))
    assert others.count(shown) == 1
    assert sum(advice in other for other in others) == 1
    assert "you keep your 5 credits" in shown


def test_the_channel_learns_nothing_of_a_result_that_is_sent_in_private() -> None:
    place = replace(job().place, direct=True)
    order = job(body=body(additional_prompt="secret"), place=place, output="https://files.example/r.png")
    done = replace(order, state=State.DONE)
    cards = [
        stage_card(V5, order, Queued(1, 10), TEXT, now=1),
        end_card(V5, replace(order, state=State.FAILED), TEXT),
        elsewhere_card(V5, done, TEXT, arrived=True),
        elsewhere_card(V5, done, TEXT, arrived=False),
    ]
    assert not any("secret" in words(card) or "files.example" in words(card) for card in cards)


PLACES = st.builds(
    Place,
    channel_id=st.just(2),
    message_id=st.just(3),
    application_id=st.just(4),
    token=st.just("t"),
    token_until=st.just(1e12),
    user_id=st.integers(0, 2**64 - 1),
    hidden=st.booleans(),
    spoiler=st.booleans(),
    direct=st.booleans(),
    locale=st.sampled_from(LANGUAGES),
)
OPTIONS: dict[type[FaceModel], Any] = {
    model: st.fixed_dictionaries(
        {name: st.just("https://segmind.example/a.png") for name in model.slots()},
        optional={
            each.name: st.sampled_from(each.choices) if each.choices else st.text(max_size=3000)
            for each in model.parameters()
            if each.type is str and each.slot is None and not each.name.endswith("_index")
        }
        | {each.name: st.integers(0, 100) for each in model.parameters() if each.type is int},
    )
    for model in MODELS.values()
}
STAGES = (
    st.sampled_from([Waiting(10**6), Due(), NoBalance(), Paused(), Reconnecting(), Collecting(), Searching()])
    | st.builds(Queued, st.floats(0, 1e10), st.floats(0, 1e6))
    | st.builds(Processing, st.floats(0, 1e10), st.floats(0, 1e6))
)


@st.composite
def orders(draw: st.DrawFn) -> Job:
    model = draw(st.sampled_from(list(MODELS.values())))
    plain = job("f" * 23, slug=model.card.slug, body=draw(OPTIONS[model]), place=draw(PLACES))
    return replace(
        plain,
        price=draw(st.integers(0, 10**9)),
        detail=draw(st.none() | st.text(max_size=6000)),
        reason=draw(st.sampled_from([None, *Reason])),
        output=draw(
            st.none() | st.sampled_from(["https://files.example/" + "r" * size for size in (9, 1500, 5000)])
        ),
        video_seconds=draw(st.none() | st.just(9.0)),
    )


@given(orders(), STAGES, st.floats(0, 1e10), st.sampled_from(SETTLED), st.booleans(), st.booleans())
def test_every_card_of_every_model_fits_discords_limits(
    order: Job, stage: Stage, now: float, state: State, attached: bool, public: bool
) -> None:
    model = MODELS[order.slug]
    with speaking(order.place.locale):
        rows = waiting_rows(order, TEXT)
        assert keeps_bounds(stage_card(model, order, stage, TEXT, now=now, media=CardMedia(rows=rows)))
        done = replace(order, state=state)
        media = CardMedia(
            shown=Attached() if attached else None,
            before=OriginalPreview("https://cdn.discordapp.com/" + "b" * 300, "Before"),
            rows=end_rows(MODELS, done, TEXT, public=public),
            heading=TEXT("elsewhere.reply", member="<@1>", ordered="<t:1:f>") if public else "",
        )
        card = end_card(model, done, TEXT, media)
        assert keeps_bounds(card)
        assert card.to_components()
        assert keeps_bounds(elsewhere_card(model, done, TEXT, arrived=attached))


def test_an_error_card_fits_them_too() -> None:
    assert keeps_bounds(error_card("x" * 3000))


def test_one_credit_is_not_called_credits() -> None:
    assert "your 1 credit." in words(ended(State.CANCELLED, price=1))
