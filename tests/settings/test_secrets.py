"""No secret of the settings is shown, and nobody can change what was loaded."""

import hypothesis
import pytest
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.settings import Jobs, Settings, describe, known_fields, load
from tests.settings.loading import FIELDS, SECRET, complaint


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
