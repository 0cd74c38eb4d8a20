"""Sources of settings: the file, the secrets beside it and the environment, the later one first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.settings import Jobs, Settings, known_fields, load
from tests.settings.loading import FACE_KEY, FIELDS, SECRET, value, written

# One value beside the default for every setting, as an operator would write it in the environment.
OTHER_VALUES: Mapping[str, tuple[str, Any]] = {
    "discord.token": (SECRET, SecretStr(SECRET)),
    "discord.api": ("http://127.0.0.1:9000/api/v10/", "http://127.0.0.1:9000/api/v10"),
    "discord.gateway": ("ws://127.0.0.1:9000/gateway/", "ws://127.0.0.1:9000/gateway/"),
    "discord.guild_id": ("81384788765712384", 81384788765712384),
    "discord.servers": ("1,2", (1, 2)),
    "discord.operators": ("12, 13", (12, 13)),
    "discord.shards": ("0-3/8", "0-3/8"),
    "discord.welcome": ("false", False),
    "discord.edit_gap": ("0", 0.0),
    "discord.refusals": ("5000", 5000),
    "contexts.direct": ("false", False),
    "contexts.user_install": ("true", True),
    "segmind.key": (f" {SECRET}\n", SecretStr(SECRET)),
    "segmind.base_url": ("http://LOCALHOST:8700/", "http://localhost:8700"),
    "segmind.inputs": ("upload", "upload"),
    "segmind.allowed_hosts": ("Media.example.org, ::1, [::1]:80", ("media.example.org", "::1", "[::1]:80")),
    "segmind.requests_per_minute": ("120", 120),
    "segmind.outage_failures": ("3", 3),
    "segmind.outage_pause": ("1", 1.0),
    "segmind.outage_pause_most": ("30", 30.0),
    "segmind.outage_patience": ("60", 60.0),
    "segmind.connect_timeout": ("1.5", 1.5),
    "segmind.read_timeout": ("5", 5.0),
    "segmind.submit_timeout": ("5", 5.0),
    "segmind.download_timeout": ("5", 5.0),
    "segmind.download_bytes": ("1 GiB", 1024**3),
    "segmind.retries": ("0", 0),
    "segmind.unknown_window": ("0", 0.0),
    "segmind.unknown_every": ("0.5", 0.5),
    "segmind.job_timeout": ("60", 60.0),
    "segmind.low_balance": ("2.5", 2.5),
    "segmind.balance_every": ("30", 30.0),
    "segmind.when_empty": ("release", "release"),
    "database.url": ("postgres://a:b@c/d", SecretStr("postgresql+asyncpg://a:b@c/d")),
    "database.lease": ("2", 2.0),
    "jobs.per_member": ("3", 3),
    "jobs.per_server": ("3", 3),
    "jobs.in_all": ("3", 3),
    "jobs.waiting_per_member": ("0", 0),
    "jobs.pace": ("0.05", 0.05),
    "jobs.line_refresh": ("0.1", 0.1),
    "card.before_and_after": ("false", False),
    "uploads.picture_bytes": ("1048576", 1024**2),
    "uploads.video_bytes": ("25 MB", 25_000_000),
    "uploads.pixels": ("1_000_000", 1_000_000),
    "uploads.video_seconds": ("15", 15.0),
    "uploads.min_side": ("64", 64),
    "credits.usd": ("0.05", 0.05),
    "credits.start": ("7", 7),
    "credits.factors": ("faceswap-v4.hardware.cost=0.5", {"faceswap-v4.hardware.cost": 0.5}),
    "credits.daily": ("0", 0),
    "credits.refill": ("rolling", "rolling"),
    "credits.roles": ('{"12": 100}', {12: 100}),
    "credits.direct_daily": ("5", 5),
    "credits.server_monthly": ("5000", 5000),
    "credits.operator_daily_usd": ("none", None),
    "credits.daily_most": ("100", 100),
    "credits.grants_monthly": ("100", 100),
    "credits.gifts_daily": ("50", 50),
    "credits.grant_most": ("100", 100),
    "credits.prices": ("faceswap-v5=4, comic = 7", {"faceswap-v5": 4, "comic": 7}),
    "faces.key": (f"{FACE_KEY}, {FACE_KEY}", SecretStr(f"{FACE_KEY},{FACE_KEY}")),
    "faces.days": ("30", 30.0),
    "faces.per_member": ("3", 3),
    "c2pa.certificates": (" chain.pem ", "chain.pem"),
    "c2pa.key": ("/etc/doppel/key.pem", "/etc/doppel/key.pem"),
    "c2pa.timestamps": ("http://time.example.org/ts", "http://time.example.org/ts"),
    "shop.credits": ('{"12": 500}', {12: 500}),
    "consent.required": ("false", False),
    "consent.version": ("2026-08", "2026-08"),
    "consent.policy_url": (" https://example.org/privacy?v=1#a", "https://example.org/privacy?v=1#a"),
    "marks.watermark": ("false", False),
    "marks.label": ("false", False),
    "marks.videos": ("false", False),
    "safety.nsfw_channels": ("true", True),
    "safety.doubtful": ("0.4", 0.4),
    "safety.unjudged": ("show", "show"),
    "safety.min_age": ("25", 25.0),
    "safety.explicit": ("0.5", 0.5),
    "safety.blocked": ("12, 13", (12, 13)),
    "safety.strikes": ("0", 0),
    "safety.strike_days": ("1.5", 1.5),
    "safety.pause_hours": ("1", 1.0),
    "safety.distance": ("0", 0),
    "safety.open_reports": ("1", 1),
    "safety.escalate_hours": ("24", 24.0),
    "takedown.listen": ("127.0.0.1:9200", "127.0.0.1:9200"),
    "takedown.contact": (" a@example.org ", "a@example.org"),
    "takedown.hours": ("24", 24.0),
    "retention.jobs_days": ("30", 30.0),
    "retention.deeds_days": ("30", 30.0),
    "retention.servers_days": ("7", 7.0),
    "ops.log_format": ("json", "json"),
    "ops.log_level": ("debug", "debug"),
    "ops.listen": ("127.0.0.1:9100", "127.0.0.1:9100"),
    "ops.page_token": (f" {SECRET}\n", SecretStr(SECRET)),
    "ops.proxies": ("127.0.0.1, 10.0.0.0/24", ("127.0.0.1/32", "10.0.0.0/24")),
    "ops.traces": ("true", True),
}


@pytest.mark.parametrize("name", [pytest.param(f"{field.name}", id=field.name) for field in known_fields()])
def test_every_setting_is_read_from_each_of_its_names_in_the_environment(name: str) -> None:
    raw, expected = OTHER_VALUES[name]
    for env in FIELDS[name].environment:
        assert value(load(environ={env: raw}), FIELDS[name]) == expected
    assert expected != FIELDS[name].default


def test_every_setting_has_a_full_name_in_the_environment() -> None:
    for field in known_fields():
        assert f"DOPPEL_{field.section.upper()}__{field.key.upper()}" in field.environment


def test_later_sources_win(tmp_path: Path) -> None:
    path = written(
        tmp_path, "[jobs]\nper_member = 3\nper_server = 4\nin_all = 5", "DOPPEL_JOBS__PER_SERVER=6"
    )
    settings = load(path, {"DOPPEL_JOBS__IN_ALL": "7"})
    assert settings.jobs == Jobs(per_member=3, per_server=6, in_all=7)
    both = load(path, {"DOPPEL_JOBS__PER_SERVER": "8"})
    assert both.jobs.per_server == 8


def test_the_full_name_wins_over_the_short_one() -> None:
    settings = load(environ={"DOPPEL_DISCORD__TOKEN": "full", "DISCORD_TOKEN": "short"})
    assert settings.discord.token == SecretStr("full")


def test_the_file_may_be_named_in_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, "[jobs]\nper_member = 3")
    assert load(environ={"DOPPEL_CONFIG": str(path)}).jobs.per_member == 3


def test_without_any_file_the_defaults_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(environ={}) == Settings()


def test_the_process_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOPPEL_JOBS__PER_MEMBER", "9")
    assert load().jobs.per_member == 9


def test_an_empty_variable_counts_as_unset() -> None:
    assert (
        load(environ={"DISCORD_TOKEN": "", "DOPPEL_JOBS__PER_MEMBER": "", "DOPPEL_CONFIG": ""}) == Settings()
    )


def test_secrets_are_read_as_they_stand_with_comments_quotes_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = "\ufeff# mine\n\nexport DISCORD_TOKEN='a.b${HOME}'\nSEGMIND_API_KEY=\n"
    settings = load(written(tmp_path, "", text), {})
    assert settings.discord.token == SecretStr("a.b${HOME}")
    assert settings.segmind.key is None
