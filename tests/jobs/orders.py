"""Jobs for tests, with defaults for everything."""

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


def nonce_of(job_id: str) -> str:
    return f"nonce0{job_id}"


def job(job_id: str = "a", *, member: str = "5:1", server: int | None = 5, **changes: Any) -> Job:
    place = Place(
        user_id=1, channel_id=2, message_id=3, application_id=4, token="t", token_until=1e12, guild_id=server
    )
    body = {
        "source_image": f"https://files.example/a.png?doppel={nonce_of(job_id)}",
        "target_image": "https://files.example/b.png",
    }
    default = Job(
        id=job_id,
        slug="faceswap-v5",
        body=body,
        account=member,
        price=5,
        expected=0.05,
        place=place,
        created_at=0.0,
        nonce=nonce_of(job_id),
    )
    return replace(default, **changes)
