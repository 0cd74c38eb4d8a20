"""Values that a setting accepts, and how they are read."""

import re
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.settings import Segmind, SettingField, known_fields, load
from tests.settings.loading import complaint, value, written


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
