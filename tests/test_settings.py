"""Settings: their sources, what they reject, and the messages to the operator."""

import itertools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.settings import Jobs, Segmind, SettingField, Settings, SettingsError, describe, known_fields, load

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "config" / "doppel.toml"
FIELDS = {field.name: field for field in known_fields()}
SECRET = "SG_0123456789abcdef"
FACE_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

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


def value(settings: Settings, field: SettingField) -> Any:
    return getattr(getattr(settings, field.section), field.key)


def written(folder: Path, text: str, secrets: str | None = None) -> Path:
    path = folder / "doppel.toml"
    path.write_text(text, "utf-8")
    if secrets is not None:
        path.with_name("secrets.env").write_text(secrets, "utf-8")
    return path


def complaint(config: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(config, environ or {})
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


# Shipped files


def test_the_shipped_file_states_every_setting_with_its_default() -> None:
    tables = tomllib.loads(SHIPPED.read_text("utf-8"))
    stated = {f"{section}.{key}" for section, table in tables.items() for key in table}
    assert stated == {field.name for field in known_fields() if field.default is not None}
    assert load(SHIPPED, {}) == Settings()


def test_the_shipped_file_says_one_line_of_why_for_every_setting_and_names_the_secrets() -> None:
    lines = SHIPPED.read_text("utf-8").splitlines()
    explained: set[str] = set()
    section = ""
    for before, line in itertools.pairwise(lines):
        section = match[1] if (match := re.fullmatch(r"\[(\w+)\]", line)) else section
        if match := re.fullmatch(r"(?:# )?(\w+) = .+", line):
            assert re.fullmatch(r"# (?!\w+ = ).{20,}[.;)].*", before), f"no why above: {line}"
            explained.add(f"{section}.{match[1]}")
    secrets = {"discord.token", "segmind.key", "faces.key", "ops.page_token"}
    assert explained == FIELDS.keys() - secrets
    for name in secrets:
        assert FIELDS[name].env in SHIPPED.read_text("utf-8")


def test_the_examples_that_are_commented_out_can_be_used(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^# (?=\w+ = )", "", SHIPPED.read_text("utf-8"))
    assert load(written(tmp_path, text), {}).discord.guild_id is not None


def test_the_example_of_the_secrets_names_known_ones_and_sets_none(tmp_path: Path) -> None:
    example = (ROOT / "config" / "secrets.env.example").read_text("utf-8")
    assert load(written(tmp_path, "", example), {}) == Settings()
    names = set(re.findall(r"(?m)^(\w+)=", example))
    assert names == {field.env for field in known_fields() if field.secret}


def test_no_line_of_the_shipped_files_is_wider_than_a_screen_allows() -> None:
    assert all(len(line) <= 130 for line in SHIPPED.read_text("utf-8").splitlines())


# Sources


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


# Forms of values


@pytest.mark.parametrize(
    ("given_url", "used"),
    [
        ("sqlite:///var/doppel.db", "sqlite:///var/doppel.db"),
        ("sqlite:////srv/doppel.db", "sqlite:////srv/doppel.db"),
        ("postgresql://u:p@h:5432/d", "postgresql+asyncpg://u:p@h:5432/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql:///d?host=/run/postgresql", "postgresql+asyncpg:///d?host=/run/postgresql"),
        ("postgres://h/d?a=b&sslmode=require", "postgresql+asyncpg://h/d?a=b&ssl=require"),
    ],
)
def test_a_database_address_gets_its_asynchronous_driver(given_url: str, used: str) -> None:
    assert load(environ={"DATABASE_URL": given_url}).database.url.get_secret_value() == used


@pytest.mark.parametrize(
    "wrong", ["mysql://u:hunter2@h/d", "sqlite://x", "sqlite:///", "postgres", "postgres:h/d"]
)
def test_another_database_is_refused_without_repeating_its_address(wrong: str) -> None:
    message = complaint(environ={"DATABASE_URL": wrong})
    assert message.startswith(
        "DATABASE_URL cannot be used (its value is not shown): it must be an address such"
    )
    assert "hunter2" not in message


def test_a_local_segmind_takes_upload_and_history_along() -> None:
    local = load(environ={"SEGMIND_BASE_URL": "http://127.0.0.1:8700"}).segmind
    assert (local.upload_base, local.history_base) == ("http://127.0.0.1:8700",) * 2
    assert not local.own


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://127.0.0.1:8700", "127.0.0.1:8700"),
        ("http://segmind.local", "segmind.local:80"),
        ("https://segmind.local", "segmind.local:443"),
        ("http://[::1]:8700", "[::1]:8700"),
    ],
)
def test_results_may_come_from_a_local_segmind_at_its_own_port(address: str, host: str) -> None:
    local = load(environ={"SEGMIND_BASE_URL": address, "DOPPEL_SEGMIND__ALLOWED_HOSTS": "10.0.0.5:9000"})
    assert local.segmind.download_hosts == {host, "10.0.0.5:9000"}


def test_segminds_own_service_has_a_host_for_each_task() -> None:
    own = Segmind(allowed_hosts=("media.example.org",))
    assert own.own
    assert own.upload_base == "https://workflows-api.segmind.com"
    assert own.history_base == "https://api.spotprod.segmind.com"
    assert own.download_hosts == {"media.example.org"}


@pytest.mark.parametrize(
    "wrong",
    [
        "http://api.segmind.com",
        "https://host/path",
        "https://host?x=1",
        "https://host#x",
        "ftp://host",
        "host",
        "https://user:hunter2@host",
        "http://host:99999",
        "http://host:0",
        "http://[::1",
    ],
)
def test_a_base_address_has_only_scheme_and_host_and_is_safe(wrong: str) -> None:
    message = complaint(environ={"SEGMIND_BASE_URL": wrong})
    assert message.startswith("SEGMIND_BASE_URL is '")
    assert "such as http://127.0.0.1:8700" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "host", ["http://x", "a/b", "a:", "a:0", "a:99999", "a:b", "u@a", "[a]", "[::1", "::g", "", " ", "-a"]
)
def test_a_host_is_a_name_and_nothing_else(host: str, tmp_path: Path) -> None:
    message = complaint(written(tmp_path, f'[segmind]\nallowed_hosts = ["{host}"]'))
    assert "must be a list of hosts without scheme or path" in message


def test_prices_may_be_a_table_or_json(tmp_path: Path) -> None:
    table = load(written(tmp_path, "[credits.prices]\nfaceswap-v5 = 4"), {})
    json = load(environ={"DOPPEL_CREDITS__PRICES": '{"faceswap-v5": 4}'})
    assert table.credits.prices == json.credits.prices == {"faceswap-v5": 4}


@pytest.mark.parametrize("wrong", ["faceswap-v5", "a=b", "a=-1", "{", "a=1,,", '{"a": 1.5}'])
def test_a_price_is_a_whole_number_of_credits(wrong: str) -> None:
    message = complaint(environ={"DOPPEL_CREDITS__PRICES": wrong})
    assert "must be whole numbers of credits from 0 to 1_000_000 by model" in message


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.one_of(
        st.integers(max_value=0),
        st.integers(min_value=1001),
        st.text(st.characters(codec="utf-8", exclude_characters="\0")).filter(
            lambda word: not word.isspace()
        ),
        st.floats(allow_nan=True).filter(lambda number: number not in range(1, 1001)),
    )
)
def test_a_value_outside_the_range_is_rejected_with_the_range(raw: object) -> None:
    text = str(raw)
    if re.fullmatch(r"\s*\+?[\d_]+(\.0*)?\s*", text) or not text:
        return  # A number after all, or not set.
    assert "must be a whole number from 1 to 1_000" in complaint(environ={"DOPPEL_JOBS__PER_MEMBER": text})


BOUNDED = {
    field: bounds.groups()
    for field in known_fields()
    if (bounds := re.search(r"from ([\d._]+) to ([\d._]+)$", field.allowed))
}


@pytest.mark.parametrize("field", BOUNDED, ids=lambda field: field.name)
def test_the_bounds_themselves_are_allowed(field: SettingField) -> None:
    for bound in BOUNDED[field]:
        assert float(value(load(environ={field.env: bound}), field)) == float(bound)


# Messages to the operator


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[jobs]\nper_member = 0", "jobs.per_member in {} is 0, but must be a whole number from 1 to 1_000."),
        ("[jobs]\nper_member = true", "jobs.per_member in {} is True, but must be a whole number"),
        ('[jobs]\nper_member = "2"', "jobs.per_member in {} is '2', but must be a whole number"),
        ("[jobs]\npace = nan", "jobs.pace in {} is nan, but must be a number from 0.01 to 10."),
        ('[segmind]\ninputs = "bytes"', "segmind.inputs in {} is 'bytes', but must be one of link, upload."),
        (
            '[uploads]\npicture_bytes = "20 apples"',
            "uploads.picture_bytes in {} is '20 apples', but must be a size such as 20 MiB, from 1 KiB to",
        ),
        ("[jobs]\nper_membr = 1", "jobs.per_membr in {} is not a setting (did you mean jobs.per_member?)."),
        ("[jobs]\nretries = 1", "jobs.retries in {} is not a setting (did you mean segmind.retries?)."),
        ("per_member = 1", "per_member in {} is not a setting (did you mean jobs.per_member?)."),
        ("[job]\nper_member = 1", "[job] in {} is not a section (did you mean [jobs]?)."),
        ("jobs = 1", "jobs in {} is 1, but must be a section: [jobs]."),
        ("[jobs\n", "{} is not valid TOML: "),
        ("[discord]\nguild_id = 0", "discord.guild_id in {} is 0, but must be the id of a server"),
        (f'[segmind]\ninputs = "{"x" * 200}"', f"segmind.inputs in {{}} is '{'x' * 79}…, but must be"),
    ],
)
def test_a_wrong_file_is_explained_with_the_key_as_written(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    assert complaint(path).startswith(told.format(path))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DOPPEL_JOBS_PER_MEMBER", "DOPPEL_JOBS__PER_MEMBER"),
        ("DOPPEL_JOB__PER_MEMBER", "DOPPEL_JOBS__PER_MEMBER"),
        ("doppel_jobs__per_member", "DOPPEL_JOBS__PER_MEMBER"),
        ("DOPPEL_CONFG", "DOPPEL_CONFIG"),
        ("DOPPEL_DISCORD_TOKEN", "DOPPEL_DISCORD__TOKEN"),
        ("DISCORD_TOKN", "DISCORD_TOKEN"),
        ("SEGMIND_BASEURL", "SEGMIND_BASE_URL"),
    ],
)
def test_a_misspelt_variable_is_reported_with_the_right_name(name: str, meant: str) -> None:
    message = complaint(environ={name: SECRET})
    assert message == f"{name} is not a setting (did you mean {meant}?)."


def test_variables_of_other_programs_are_left_alone() -> None:
    others = {"PATH": "x", "DISCORD_WEBHOOK": "x", "DATABASE_URI": "x", "DATABASE_URL": "sqlite:///x"}
    assert load(environ=others).database.shown == "sqlite:///x"


def test_a_misspelt_name_among_the_secrets_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "", f"DISCORD_TOCKEN={SECRET}")
    assert complaint(path) == (
        f"DISCORD_TOCKEN in {path.with_name('secrets.env')} is not a setting (did you mean DISCORD_TOKEN?)."
    )


@pytest.mark.parametrize("line", [SECRET, f"{SECRET}==", f"'{SECRET}", f"DISCORD_TOKEN={SECRET} {SECRET}"])
def test_a_line_that_is_no_setting_is_named_by_its_number_and_never_repeated(
    tmp_path: Path, line: str
) -> None:
    message = complaint(written(tmp_path, "", f"# mine\n\n{line}\n"))
    assert SECRET not in message
    assert message.startswith(("line 3 of ", "DISCORD_TOKEN in "))


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    gone = tmp_path / "gone.toml"
    assert complaint(gone) == f"{gone} is named as the settings' file, but there is no such file."
    assert complaint(environ={"DOPPEL_CONFIG": str(gone)}) == (
        f"DOPPEL_CONFIG names {gone}, but there is no such file."
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "doppel.toml"
    path.write_bytes(b"\xff\xfe")
    assert complaint(path) == f"{path} is not text in UTF-8."
    path.write_text("")
    path.with_name("secrets.env").mkdir()
    assert complaint(path) == f"{path.with_name('secrets.env')} cannot be read: Is a directory."


def test_of_several_mistakes_the_first_is_named_and_the_others_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "[jobs]\nper_member = 0")
    assert complaint(path, {"DOPPEL_X": "1"}).endswith("from 1 to 1_000; one more setting is wrong.")
    with pytest.raises(SettingsError) as caught:
        load(path, {"DOPPEL_X": "1", "DOPPEL_JOBS__PACE": "0"})
    assert str(caught.value).endswith("; 2 more settings are wrong.")
    assert len(caught.value.problems) == 3


# Secrets


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.sampled_from([env for field in known_fields() if field.secret for env in field.environment]), st.text()
)
def test_no_message_repeats_a_secret(env: str, rest: str) -> None:
    message = complaint(environ={env: f"hunter2 {rest}".replace("\0", "") + " hunter2"})
    assert "hunter2" not in message


def test_settings_show_no_secret_in_any_form() -> None:
    environ = {
        "DISCORD_TOKEN": SECRET,
        "SEGMIND_API_KEY": SECRET,
        "DATABASE_URL": f"postgres://u:{SECRET}@h/d",
    }
    settings = load(environ=environ)
    shown = {field.name: text for field, text in describe(settings)}
    for text in (repr(settings), str(settings), settings.model_dump_json(), str(shown)):
        assert SECRET not in text
    assert shown["discord.token"] == "set"
    assert shown["database.url"] == "postgresql+asyncpg://u:***@h/d"
    assert {secret.get_secret_value() for secret in settings.secrets} == {SECRET}


def test_a_password_is_known_as_it_is_spelt_for_the_database() -> None:
    settings = load(environ={"DATABASE_URL": "postgres://u:p%40ss@word@h/d"})
    assert settings.database.password == SecretStr("p@ss@word")
    assert settings.database.shown == "postgresql+asyncpg://u:***@h/d"
    settings = load(environ={"DATABASE_URL": "postgres://u:p%40ss@word@h/d?application_name=a@b"})
    assert settings.database.password == SecretStr("p@ss@word")
    assert settings.database.shown == "postgresql+asyncpg://u:***@h/d?application_name=a@b"
    assert Settings().database.password is None


@pytest.mark.parametrize("query", ["password=a-secret-word", "ssl=require&PassWord=a-secret-word"])
def test_a_password_among_the_parameters_of_the_database_is_refused(query: str) -> None:
    message = complaint(environ={"DATABASE_URL": f"postgresql://h/d?user=u&{query}"})
    assert "a-secret-word" not in message
    assert "postgresql://user:password@host/name" in message


def test_the_description_has_a_line_for_every_setting() -> None:
    shown = {field.name: text for field, text in describe(Settings())}
    assert shown.keys() == FIELDS.keys()
    assert shown["discord.token"] == "not set"
    assert shown["uploads.picture_bytes"] == "20 MiB"
    assert shown["segmind.allowed_hosts"] == shown["credits.prices"] == "none"
    given = {"DOPPEL_UPLOADS__PICTURE_BYTES": "2000", "DOPPEL_CREDITS__PRICES": "a=1"}
    other = {field.name: text for field, text in describe(load(environ=given))}
    assert other["uploads.picture_bytes"] == "2000 bytes"
    assert other["credits.prices"] == "a = 1"


def test_settings_cannot_be_changed_or_extended() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.jobs.per_member = 3
    with pytest.raises(ValidationError, match="frozen"):
        settings.jobs = Jobs()
    with pytest.raises(ValidationError, match="Extra inputs"):
        Jobs.model_validate({"per_membr": 3})
