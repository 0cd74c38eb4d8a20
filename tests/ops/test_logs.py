"""Log records of the bot and its libraries are readable, have context and contain no secrets."""

import io
import json
import logging
import re
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.ops.logs import configure, incident_id

SECRET = "hunter2hunter2"
SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=16, max_size=40)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def fail(secret: str) -> None:
    try:
        {}[secret]
    except KeyError as cause:
        raise ExceptionGroup(f"group {secret}", [ValueError(secret), OSError(2, secret)]) from cause


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def as_json(out: io.StringIO) -> structlog.stdlib.BoundLogger:
    configure(format="json", level="info", secrets=[SecretStr(SECRET)], stream=out)
    return structlog.stdlib.get_logger("bot.test")


def test_a_record_of_ours_is_one_json_object(out: io.StringIO) -> None:
    as_json(out).info("a job of %s is done", "ana", seconds=2.5)
    (line,) = lines(out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line.pop("timestamp"))
    assert line == {
        "event": "a job of ana is done",
        "seconds": 2.5,
        "level": "info",
        "logger": "bot.test",
    }


def test_records_of_libraries_are_processed_in_the_same_way(out: io.StringIO) -> None:
    as_json(out)
    logging.getLogger("discord.http").warning("PUT %s", f"/webhooks/1/{SECRET}", extra={"bucket": SECRET})
    (line,) = lines(out)
    assert line["event"] == "PUT /webhooks/1/[redacted]"
    assert (line["logger"], line["level"], line["bucket"]) == ("discord.http", "warning", "[redacted]")


def test_the_context_is_on_every_record(out: io.StringIO) -> None:
    log = as_json(out)
    with structlog.contextvars.bound_contextvars(job="J1", request="R1", guild=7, shard=0):
        log.info("ours")
        logging.getLogger("aiohttp.client").info("theirs")
    log.info("after")
    first, second, third = lines(out)
    for line in (first, second):
        assert (line["job"], line["request"], line["guild"], line["shard"]) == ("J1", "R1", 7, 0)
    assert "job" not in third


def test_records_below_the_level_are_dropped(out: io.StringIO) -> None:
    as_json(out).debug("ours")
    logging.getLogger("discord").debug("theirs")
    assert out.getvalue() == ""
    configure(format="json", level="debug", stream=out)
    logging.getLogger("discord").debug("theirs")
    assert len(lines(out)) == 1


@pytest.mark.parametrize("name", ["discord.http", "discord.gateway", "PIL.TiffImagePlugin", "lib"])
def test_records_of_libraries_with_contents_are_dropped_at_every_level(out: io.StringIO, name: str) -> None:
    for level in ("debug", "info"):
        configure(format="json", level=level, stream=out)
        logging.getLogger(name).debug("what members typed")
        assert out.getvalue() == ""
    logging.getLogger(name).info("that something happened")
    assert len(lines(out)) == 1
    configure(format="json", level="error", stream=out)
    logging.getLogger(name).warning("that something went wrong")
    assert len(lines(out)) == 1


def test_a_second_call_replaces_the_first(out: io.StringIO) -> None:
    log = as_json(out)
    later = io.StringIO()
    configure(format="human", level="info", stream=later)
    log.info("hello", word="a\nb")
    logging.getLogger("other").info("hello too")
    assert out.getvalue() == ""
    first, second = later.getvalue().splitlines()
    assert "hello" in first
    assert r"word='a\nb'" in first
    assert "hello too" in second


def test_standard_error_is_where_logs_go_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure(format="human", level="info")
    logging.getLogger("x").info("hello")
    assert "hello" in capsys.readouterr().err


def test_a_terminal_gets_colours_and_a_file_does_not(out: io.StringIO) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    for stream in (terminal, out):
        configure(format="human", level="info", stream=stream)
        logging.getLogger("x").info("hello")
    assert "\x1b[" in terminal.getvalue()
    assert "\x1b[" not in out.getvalue()


@pytest.mark.parametrize("style", ["human", "json"])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=SECRETS)
def test_the_log_contains_no_secret(style: Any, secret: str) -> None:
    out = io.StringIO()
    configure(format=style, level="debug", secrets=[SecretStr(secret)], stream=out)
    log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("bot.test")
    with structlog.contextvars.bound_contextvars(guild=f"g{secret}"):
        log.info("a %s b", secret, nested={"a": [(secret, {secret: secret})]}, error=ValueError(secret))
        logging.getLogger("lib").error("%r and %s", {"k": secret}, secret, extra={"more": [secret]})
        try:
            fail(secret)
        except ExceptionGroup:
            log.exception("ours", stack_info=True)
            logging.getLogger("lib").exception("theirs")
    written = out.getvalue()
    assert written.count("Traceback") >= 4
    assert secret not in written
    assert repr(secret)[1:-1] not in written
    assert json.dumps(secret, ensure_ascii=False)[1:-1] not in written
    assert json.dumps(secret)[1:-1] not in written


def test_a_traceback_shows_no_local_values(out: io.StringIO) -> None:
    log = as_json(out)

    def divide(prompt: str) -> float:
        return 1 / (len(prompt) - 4)

    try:
        divide("word")
    except ZeroDivisionError:
        log.exception("failed")
    (line,) = lines(out)
    assert "ZeroDivisionError" in line["exception"]
    assert "prompt = " not in line["exception"]


def test_a_record_that_cannot_be_written_is_reported_without_its_arguments(
    out: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    # pytest's own handlers raise where ours must report.
    logging.getLogger().handlers.clear()
    as_json(out)
    logging.getLogger("lib").info("%d jobs", SECRET)
    assert out.getvalue() == ""
    assert capsys.readouterr().err == "A log record of lib could not be written: TypeError.\n"


def test_an_incident_has_a_short_name_that_can_be_read_aloud() -> None:
    names = {incident_id() for _ in range(200)}
    assert len(names) == 200
    assert all(re.fullmatch(r"[2-9B-DF-HJKMNP-TV-XZ]{8}", name) for name in names)
