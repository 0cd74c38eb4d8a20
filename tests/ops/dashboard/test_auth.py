"""Authentication of the dashboard: token, sessions, and requests of other sites."""

import re

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from yarl import URL

from bot.jobs.job import Reason, State
from bot.jobs.waiting.submission_gate import ClosureReason
from bot.ops.dashboard.auth import QUIET, SESSION, Authenticator, WrongToken
from bot.ops.dashboard.routes import BAD_TOKEN, CROSS_ORIGIN, FILES, STORE_UNAVAILABLE
from bot.ops.job_metrics import DELIVERING, STAGES
from tests.clocks import HeldClock
from tests.ops.dashboard.visitor import SECRET, TOKEN, Values, page, visiting


async def test_without_a_token_the_page_explains_how_to_set_one(clock: HeldClock) -> None:
    async with page(clock, None) as address, visiting(address) as visitor:
        told = await visitor.ask("GET", "")
        assert (told.status, told.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
        assert "DOPPEL_OPS__PAGE_TOKEN" in told.text
        for path in ("figures", "login", "pause"):
            assert (await visitor.ask("POST", path)).status == 404


async def test_signing_in_sets_a_session_cookie_that_expires_and_is_not_the_token(
    clock: HeldClock,
) -> None:
    async with page(clock) as address, visiting(address) as visitor:
        assert 'name="token"' in (await visitor.ask("GET", "")).text
        assert (await visitor.ask("GET", "figures")).status == 401
        answer = await visitor.sign_in()
        assert (answer.status, answer.headers["Location"]) == (303, "./")
        (cookie,) = answer.cookies.values()
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", "")
        assert TOKEN not in cookie.OutputString()
        assert 'src="page.js"' in (await visitor.ask("GET", "")).text
        starting = await visitor.ask("GET", "figures")
        assert (starting.status, starting.error) == (503, "The bot is still starting.")
        clock.move(SESSION)
        assert 'name="token"' in (await visitor.ask("GET", "")).text
        assert (await visitor.ask("GET", "figures")).status == 401


async def test_signing_out_ends_every_session_in_every_process(clock: HeldClock) -> None:
    values = Values()
    async with (
        page(clock, values=values) as address,
        page(clock, values=values) as second,
        visiting(address) as visitor,
        visiting(address) as thief,
        visiting(second) as elsewhere,
    ):
        stolen = (await visitor.sign_in()).cookies
        for other in (thief, elsewhere):
            other.session.cookie_jar.update_cookies(stolen, URL(other.address))
            assert (await other.ask("GET", "figures")).status == 503
        assert (await visitor.ask("POST", "logout", Origin="https://evil.example")).status == 403
        async with visiting(address) as stranger:
            assert (await stranger.ask("POST", "logout", Origin=address)).status == 303
        assert (await visitor.ask("GET", "figures")).status == 503
        values.away = True
        refused = await visitor.ask("POST", "logout", Origin=address)
        assert (refused.status, refused.error) == (503, STORE_UNAVAILABLE)
        assert (await visitor.ask("GET", "figures")).status == 503
        values.away = False
        assert (await visitor.ask("POST", "logout", Origin=address)).status == 303
        for each in (visitor, thief, elsewhere):
            assert (await each.ask("GET", "figures")).status == 401
        await visitor.sign_in()
        assert (await visitor.ask("GET", "figures")).status == 503
        assert (await thief.ask("GET", "figures")).status == 401


@pytest.mark.parametrize(
    ("proxies", "secure", "client"),
    [
        ((), "", "127.0.0.1"),
        (("10.0.0.0/8",), "", "127.0.0.1"),
        (("127.0.0.1",), True, "10.0.0.1"),
        (("127.0.0.0/8", "10.0.0.0/8"), True, "192.0.2.7"),
    ],
)
async def test_only_the_operators_proxies_say_who_a_client_is_and_how_it_came(
    clock: HeldClock, proxies: tuple[str, ...], secure: bool | str, client: str
) -> None:
    headers = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "203.0.113.9, 192.0.2.7, 10.0.0.1"}
    with capture_logs() as logs:
        async with page(clock, proxies=proxies) as address, visiting(address) as visitor:
            await visitor.ask("POST", "login", "wrong", Origin=address, **headers)
            answer = await visitor.ask("POST", "login", TOKEN, Origin=address, **headers)
    (cookie,) = answer.cookies.values()
    assert cookie["secure"] == secure
    (warning,) = [log for log in logs if log["event"].startswith("wrong tokens")]
    assert (warning["count"], warning["last_from"]) == (1, client)


async def test_a_session_outlives_a_restart_and_ends_with_the_token(clock: HeldClock) -> None:
    values = Values()
    first, again = Authenticator(SECRET, values, clock), Authenticator(SECRET, values, clock)
    session = await first.new_session()
    assert await again.is_valid(session)
    assert again.cookie == first.cookie
    values.away = True
    assert await again.is_valid(session)
    values.away = False
    other = Authenticator(SecretStr("another-token-0123456789"), values, clock)
    assert not await other.is_valid(session)
    assert other.cookie != first.cookie
    until, nonce, signature = session.split(".")
    for forged in (
        "",
        ".",
        "é.é.é",
        f"{int(until) + 1}.{nonce}.{signature}",
        f"{until}.{nonce}.{signature}0",
    ):
        assert not await first.is_valid(forged), forged


async def test_a_program_sends_the_token_with_each_request_and_needs_no_origin(clock: HeldClock) -> None:
    async with page(clock) as address, visiting(address) as visitor:
        assert (await visitor.ask("GET", "figures", Authorization=f"Bearer {TOKEN}")).status == 503
        assert (await visitor.ask("POST", "pause", Authorization=f"bearer {TOKEN}")).status == 503
        assert (await visitor.ask("GET", "", Authorization=f"Bearer {TOKEN}")).status == 200
        refused = await visitor.ask("GET", "figures", Authorization="Bearer wrong")
        assert (refused.status, refused.error) == (401, BAD_TOKEN)
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        # Only Bearer is accepted.
        assert (await visitor.ask("GET", "figures", Authorization=f"Basic {TOKEN}")).status == 401


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1"])
@pytest.mark.parametrize("path", ["pause", "resume", "login", "logout"])
async def test_a_post_from_another_page_does_nothing(clock: HeldClock, origin: str | None, path: str) -> None:
    async with page(clock) as address, visiting(address) as visitor:
        await visitor.sign_in()
        headers = {} if origin is None else {"Origin": origin}
        answer = await visitor.ask("POST", path, TOKEN, **headers)
        assert (answer.status, answer.error) == (403, CROSS_ORIGIN)
        assert not answer.cookies


async def test_a_wrong_token_is_explained_and_keeps_nobody_else_out(clock: HeldClock) -> None:
    async with page(clock) as address, visiting(address) as visitor:
        for _ in range(20):
            wrong = await visitor.sign_in("wrong")
            assert (wrong.status, wrong.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert f'role="alert">{BAD_TOKEN}<' in wrong.text
        assert (await visitor.ask("GET", "figures", Authorization=f"Bearer {TOKEN}")).status == 503
        assert (await visitor.sign_in()).status == 303
        await visitor.ask("GET", "figures", Authorization="Bearer wrong")
        assert (await visitor.ask("GET", "figures")).status == 503


def test_guesses_are_counted_in_the_log_once_a_minute(clock: HeldClock) -> None:
    authenticator = Authenticator(SECRET, Values(), clock)
    with capture_logs() as logs:
        for guess in ("wrong", "", "\ud800", TOKEN[:-1]):
            with pytest.raises(WrongToken):
                authenticator.check(guess, "192.0.2.1")
        authenticator.check(TOKEN, "192.0.2.2")
        clock.move(QUIET)
        with pytest.raises(WrongToken):
            authenticator.check("wrong", "192.0.2.3")
    assert [(log["count"], log["last_from"]) for log in logs] == [(1, "192.0.2.1"), (4, "192.0.2.3")]


async def test_no_script_and_nothing_from_elsewhere_can_run_on_the_page(clock: HeldClock) -> None:
    async with page(clock) as address, visiting(address) as visitor:
        await visitor.sign_in()
        for path in ("", "figures", "page.css", "page.js", "page.svg"):
            headers = (await visitor.ask("GET", path)).headers
            policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
            assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
    for file in FILES.glob("*.html"):
        text = file.read_text("utf-8")
        assert "style=" not in text
        assert not re.search(r" on[a-z]+=", text)
        assert text.count("<script") == text.count('<script src="page.js" defer></script>')
    for file in FILES.iterdir():
        addresses = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in addresses
        assert "innerHTML =" not in addresses


async def test_the_log_has_no_token_and_warns_of_an_address_that_others_reach(clock: HeldClock) -> None:
    with capture_logs() as logs:
        async with page(clock, host="0.0.0.0") as address, visiting(address) as visitor:
            await visitor.sign_in("wrong")
            clock.move(1)
            await visitor.sign_in()
            await visitor.ask("GET", "figures", Authorization=f"Bearer {TOKEN}")
    assert TOKEN not in str(logs)
    assert [log["event"] for log in logs if log["log_level"] == "warning" and "unencrypted" in log["event"]]
    with capture_logs() as logs:
        async with page(clock):
            pass
    assert not [log for log in logs if log["log_level"] == "warning"]


def test_the_page_has_a_text_for_every_state_and_reason() -> None:
    script = (FILES / "page.js").read_text("utf-8")
    ends = {state for state in State if state.settled}
    stages = {*STAGES.values(), DELIVERING}
    for name in (*stages, *ends):
        assert f'["{name}", "' in script, name
    for name in (*Reason, *ClosureReason):
        assert re.search(rf'(\b{name}|"{name}"): "', script), name
