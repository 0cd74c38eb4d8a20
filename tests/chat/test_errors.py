"""Every error that a member can cause has its sentence; an unexpected one has an incident number."""

from collections.abc import Iterator
from typing import Any

import discord
import pytest
from discord import app_commands
from pydantic import ValidationError

from bot.chat.errors import ErrorMessages
from bot.chat.orders.attachments import InputError, Unreadable, Unusable, UploadFailed, WrongKind
from bot.chat.text import Text
from bot.jobs.service import ModelOff, TooManyWaiting
from bot.jobs.waiting.submission_gate import ClosureReason, ServicePaused
from bot.ledger.account import NotEnoughCredits
from bot.ledger.budgets import CapReached, budgets_of
from bot.media import types as media_types
from bot.media_kind import MediaKind
from tests.test_models import order
from tests.wording import wording

MESSAGES = ErrorMessages(Text.load())
UNUSABLE = [
    media_types.TooLarge(30 * 2**20, 20 * 2**20),
    media_types.TooLarge(3000, 2000),
    media_types.TooManyPixels(9000, 9000, 1000),
    media_types.TooSmall(8, 9, 32),
    media_types.TooLong(61.0, 60.0),
    media_types.TooManyFrames(100),
    media_types.Animated("image/png"),
    media_types.Unsupported("image/gif"),
    media_types.Unrecognised("text"),
    media_types.Truncated("image/png"),
    media_types.Damaged("video/mp4"),
    media_types.NoPicture(),
    media_types.Explicit(),
    media_types.TooCostly(),
]


def subclasses(root: type[Exception]) -> Iterator[type[Exception]]:
    for kind in root.__subclasses__():
        yield kind
        yield from subclasses(kind)


@pytest.mark.parametrize("reason", UNUSABLE, ids=lambda reason: type(reason).__name__)
def test_the_error_for_an_unusable_file_names_the_file(reason: media_types.UnusableMedia) -> None:
    sentence = MESSAGES.message_for(Unusable("source_image", "holiday.png", reason))
    assert "`holiday.png`" in sentence
    assert sentence.endswith(".")
    assert "unexpected" not in sentence


SERVER, OPERATOR = budgets_of(1, 0)


def test_this_module_covers_every_kind_of_unusable_file() -> None:
    assert {type(reason) for reason in UNUSABLE} == set(subclasses(media_types.UnusableMedia))


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (NotEnoughCredits(need=13, have=1), ["need 13 credits", "have 1 credit."]),
        (NotEnoughCredits(need=13, have=1, refills_at=60.5), ["refills <t:60:R>"]),
        (CapReached(SERVER, left=4), ["this month", "4 credits left", f"<t:{int(SERVER.until)}:R>"]),
        (CapReached(OPERATOR, left=4), [wording("refused.operator_cap"), "<t:86400:R>"]),
        (ModelOff("faceswap-v5"), ["`faceswap-v5` is turned off"]),
        (TooManyWaiting(5), ["5 jobs"]),
        (ServicePaused(ClosureReason.KEY), [wording("refused.service")]),
        (ServicePaused(ClosureReason.BALANCE), [wording("refused.balance"), "has been notified"]),
        (ServicePaused(ClosureReason.MODEL), [wording("refused.model")]),
        (Unreadable("target", "a.png"), ["`a.png`", wording("refused.unreadable")]),
        (UploadFailed("target", "a.png"), ["`a.png`", "Nothing was charged"]),
        (app_commands.CheckFailure(), [wording("refused.forbidden")]),
        (app_commands.CommandNotFound("x", []), ["Reload Discord"]),
    ],
)
def test_each_error_has_its_sentence(error: Exception, parts: list[str]) -> None:
    assert all(part in MESSAGES.message_for(error) for part in parts)


@pytest.mark.parametrize(
    ("accepts", "part"),
    [
        (frozenset({MediaKind.PICTURE}), "needs a picture, but `a.mp4` is a video."),
        (frozenset(MediaKind), "needs a picture or a video, but"),
    ],
)
def test_the_error_for_a_wrong_kind_of_file_names_the_right_kinds(
    accepts: frozenset[MediaKind], part: str
) -> None:
    assert part in MESSAGES.message_for(WrongKind("target", "a.mp4", found=MediaKind.VIDEO, accepts=accepts))


@pytest.mark.parametrize(
    ("slug", "changes", "parts"),
    [
        ("faceswap-comic", {"steps": 51}, ["`steps` must be 50 or less.", "`51`"]),
        ("faceswap-comic", {"steps": "0"}, ["`steps` must be 1 or more.", "`0`"]),
        ("faceswap-comic", {"steps": "many"}, ["`steps` must be a whole number.", "`many`"]),
        ("faceswap-comic", {"cfg": "much"}, ["`cfg` must be a number.", "`much`"]),
        ("faceswap-v4", {"swap_type": "nose"}, ["`swap_type` must be one of `head`, `face`.", "`nose`"]),
        ("faceswap-v3-multifaceswap", {"source_faces_index": "`x`"}, ["face numbers", "`'x'`"]),
        ("faceswap-v5", {"source_image": None}, ["`source_image`"]),
    ],
)
def test_the_error_for_a_wrong_option_names_the_allowed_values(
    slug: str, changes: dict[str, Any], parts: list[str]
) -> None:
    with pytest.raises(ValidationError) as wrong:
        order(slug, **changes)
    sentence = MESSAGES.message_for(wrong.value)
    assert all(part in sentence for part in parts)


def test_a_file_name_is_sanitized() -> None:
    sentence = MESSAGES.message_for(Unreadable("target", "`@everyone` **a**" + "x" * 500))
    assert sentence.count("`") == 2
    assert len(sentence) < 300


@pytest.mark.parametrize("error", [RuntimeError("a secret detail"), InputError("target", "a.png")])
def test_an_unexpected_error_shows_a_new_incident_number_and_no_detail(error: Exception) -> None:
    first, second = MESSAGES.message_for(error), MESSAGES.message_for(error)
    assert first != second
    assert "a secret detail" not in first
    assert "nothing was charged" in first


def test_an_error_inside_a_command_is_unwrapped() -> None:
    async def callback(interaction: discord.Interaction) -> None: ...

    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name="x", description="x", callback=callback
    )
    wrapped = app_commands.CommandInvokeError(command, TooManyWaiting(3))
    assert "3 jobs" in MESSAGES.message_for(wrapped)
