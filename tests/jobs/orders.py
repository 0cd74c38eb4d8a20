"""Jobs for tests, with as little said as possible."""

from dataclasses import replace
from typing import Any

from bot.jobs.job import Job, Place
from bot.ledger.allowance import Allowance
from bot.ledger.budgets import Caps
from bot.ledger.policy import MemberTerms
from bot.ledger.server_rules import Limits

TERMS = MemberTerms(Allowance(0), Caps(), Limits())

PLACE = Place(
    user_id=1,
    channel_id=2,
    message_id=3,
    application_id=4,
    token="the reply's token",
    token_until=10_000.0,
    guild_id=5,
)


def job(name: str = "a", *, member: str = "5:1", server: int | None = 5, **facts: Any) -> Job:
    place = Place(
        user_id=1, channel_id=2, message_id=3, application_id=4, token="t", token_until=1e12, guild_id=server
    )
    body = {
        "source_image": f"https://files.example/a.png?doppel={name}",
        "target_image": "https://files.example/b.png",
    }
    plain = Job(
        id=name,
        slug="faceswap-v5",
        body=body,
        account=member,
        price=5,
        expected=0.05,
        place=place,
        created_at=0.0,
    )
    return replace(plain, **facts)
