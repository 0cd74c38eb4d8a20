"""The dashboard over HTTP: sign-in, snapshots, and the switch that pauses submissions."""

import asyncio
import ipaddress
import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from yarl import URL

from bot.jobs.job import Reason, State
from bot.jobs.submission_gate import ClosureReason
from bot.ops.dashboard import Dashboard, TimeSeries, TrustedProxies
from bot.ops.dashboard.auth import QUIET, SESSION, Authenticator, WrongToken
from bot.ops.dashboard.cache import Cached
from bot.ops.dashboard.routes import BAD_TOKEN, CROSS_ORIGIN, FILES, STORE_UNAVAILABLE
from bot.ops.dashboard.timeseries import EVERY
from bot.ops.health import Health
from bot.ops.job_metrics import DELIVERING, STAGES
from bot.ops.metrics import Metrics
from bot.ops.web import operator_server
from bot.segmind.request_queue import RequestKind
from bot.store.errors import StoreUnavailable
from tests.clocks import HeldClock
from tests.harness import Stage
from tests.ops.conftest import ANY_PORT
from tests.ops.scrape import fetched, scrape
from tests.ops.test_health import Stuck, wrong
from tests.patience import PATIENCE

TOKEN = "a-token-of-the-tests-0123456789"
SECRET = SecretStr(TOKEN)
SLUG = "faceswap-v5"
WITH_PAGE = pytest.mark.stage(ops={"listen": ANY_PORT, "page_token": SECRET})


# Authentication


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(1_763_700_000.0)


class Values:
    """Key values that several processes share, and that may be away."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.away = False

    async def read_value(self, name: str) -> str | None:
        if self.away:
            raise StoreUnavailable("the disk is full")
        return self.texts.get(name)

    async def write_value(self, name: str, text: str) -> None:
        if self.away:
            raise StoreUnavailable("the disk is full")
        self.texts[name] = text


@asynccontextmanager
async def page(
    clock: HeldClock,
    token: SecretStr | None = SECRET,
    host: str = "127.0.0.1",
    values: Values | None = None,
    proxies: tuple[str, ...] = (),
) -> AsyncGenerator[str]:
    """Serve the page of a bot that has just begun, and yield its address."""
    metrics = Metrics()
    trusted = TrustedProxies([ipaddress.ip_network(proxy) for proxy in proxies])
    shown = Dashboard(
        token, TimeSeries(metrics, clock), clock, key_values=values or Values(), proxies=trusted
    )
    async with operator_server((host, 0), metrics, Health(Stuck()), shown) as address:
        assert address is not None
        yield address.replace("0.0.0.0", "127.0.0.1")


@dataclass(frozen=True)
class Answer:
    """Response of the dashboard's server."""

    status: int
    headers: Any
    text: str
    cookies: SimpleCookie

    @property
    def error(self) -> str:
        return json.loads(self.text)["error"]


@dataclass(frozen=True)
class Visitor:
    """A browser, or a program, that remembers cookies by itself alone."""

    session: aiohttp.ClientSession
    address: str

    async def ask(self, method: str, path: str, token: str | None = None, **headers: str) -> Answer:
        data = None if token is None else {"token": token}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(
            method, f"{self.address}/{path}", data=data, headers=named, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.text(), answer.cookies)

    async def sign_in(self, token: str = TOKEN) -> Answer:
        return await self.ask("POST", "login", token, Origin=self.address)


@asynccontextmanager
async def visiting(address: str | None) -> AsyncGenerator[Visitor]:
    assert address is not None
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Visitor(session, address)


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


# Figures in memory


class SlowQuery:
    """Returns the number of calls, as soon as the test allows it."""

    def __init__(self) -> None:
        self.calls = 0
        self.free = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.calls += 1
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return self.calls


async def test_a_query_is_shared_by_its_readers_and_outlives_their_waiting(
    clock: HeldClock,
) -> None:
    slow = SlowQuery()
    cached = Cached(slow, clock, seconds=10)
    await asyncio.gather(*(cached.refresh(max_wait=0.01) for _ in range(3)))
    assert (slow.calls, cached.last, cached.failed) == (1, None, True)
    slow.free.set()
    await cached.refresh(max_wait=PATIENCE)
    assert (cached.last, cached.at, cached.failed) == (1, clock.now(), False)
    await cached.refresh(max_wait=PATIENCE)
    assert slow.calls == 1
    clock.move(10)
    await cached.refresh(max_wait=PATIENCE)
    assert cached.last == 2


@pytest.mark.parametrize("error", [StoreUnavailable("away"), RuntimeError("a bug")])
async def test_a_failed_query_keeps_the_last_result_and_is_retried(
    clock: HeldClock, error: Exception
) -> None:
    slow = SlowQuery()
    slow.free.set()
    cached = Cached(slow, clock, seconds=10)
    await cached.refresh(max_wait=PATIENCE)
    clock.move(10)
    slow.error = error
    with capture_logs() as logs:
        await cached.refresh(max_wait=PATIENCE)
    assert [log["log_level"] for log in logs] == ["debug" if isinstance(error, StoreUnavailable) else "error"]
    assert (cached.last, cached.failed) == (1, True)
    slow.error = None
    clock.move(10)
    await cached.refresh(max_wait=PATIENCE)
    assert (cached.last, cached.failed) == (3, False)
    slow.free.clear()
    clock.move(10)
    await cached.refresh(max_wait=0)
    await cached.close()


async def test_the_time_series_knows_recent_responses_and_the_worst_lag(
    clock: HeldClock,
) -> None:
    metrics = Metrics()
    series = TimeSeries(metrics, clock)
    waiting = iter([3, StoreUnavailable("away"), *range(10)])

    async def count() -> int:
        found = next(waiting)
        if isinstance(found, Exception):
            raise found
        return found

    metrics.count_segmind_response(RequestKind.SUBMISSION, 200)
    metrics.count_discord_response("POST", "/api/v10/channels/12/messages", 403)
    series.record_lag(0.2)
    series.record_lag(0.1)
    running = asyncio.create_task(series.run(count))
    for _ in range(3):
        for _ in range(5):
            await asyncio.sleep(0)
        clock.move(EVERY)
    # The second count failed, so it left no sample.
    assert [(sample.waiting, sample.lag) for sample in series.samples] == [(3, 0.2), (0, 0.0)]
    for status in (200, 429, None):
        metrics.count_segmind_response(RequestKind.POLL, status)
    assert series.segmind_responses(60) == {"200": 2, "429": 1, "none": 1}
    # Counted from the newest sample that is at least twenty seconds old.
    assert series.segmind_responses(20) == {"200": 1, "429": 1, "none": 1}
    assert series.discord_responses(20) == {}
    assert series.discord_responses(60) == {"403": 1}
    series.record_lag(0.05)
    assert (series.worst_lag(15), series.worst_lag(60)) == (0.05, 0.2)
    running.cancel()


# Figures on the page


async def figures(stage: Stage, there: Callable[[Any], object] = bool) -> Any:
    """First figures that meet the condition."""
    async with visiting(stage.app.served_at) as visitor, asyncio.timeout(PATIENCE):
        while True:
            answer = await visitor.ask("GET", "figures", Authorization=f"Bearer {TOKEN}")
            assert answer.status == 200, answer.text
            if there(found := json.loads(answer.text)):
                return found
            await asyncio.sleep(0.05)


async def switched(stage: Stage, which: str) -> Any:
    async with visiting(stage.app.served_at) as visitor:
        answer = await visitor.ask("POST", which, Authorization=f"Bearer {TOKEN}")
        assert answer.status == 200, answer.text
        return json.loads(answer.text)


@WITH_PAGE
async def test_the_page_shows_a_job_in_flight_and_no_member(stage: Stage) -> None:
    reply = await stage.order(SLUG, additional_prompt="a prompt of a member")
    await reply.says("Queued")
    job = await stage.job(reply)
    seen = await figures(stage, lambda it: it["jobs"]["counts"] and it["ledger"])
    (count,) = seen["jobs"]["counts"]
    assert (count["model"], count["state"], count["jobs"]) == (SLUG, "processing", 1)
    (shown,) = seen["jobs"]["oldest"]
    assert shown["id"] == job.id
    assert seen["queue"]["running"] == 1
    assert (seen["discord"]["online"], seen["discord"]["wanted"], seen["discord"]["ready"]) == (1, 1, True)
    segmind = seen["segmind"]
    assert (segmind["open_breakers"], segmind["closed"], segmind["empty"]) == ([], [], False)
    assert segmind["responses"]["hour"]["200"] >= 3
    assert (seen["stale"], seen["pause"]) == (False, None)
    assert (seen["ledger"]["wrong"], seen["ledger"]["jobs"]) == (0, 1)
    assert seen["spend"]["today"] == pytest.approx(0.05)
    assert [model["slug"] for model in seen["models"] if model["usual"] > 0]
    text = json.dumps(seen)
    for hidden in (stage.member.id, stage.channel.id, job.place.message_id, job.place.token, "a prompt"):
        assert str(hidden) not in text
    await stage.finish(reply, "Completed")
    ended = await figures(stage, lambda it: not it["jobs"]["counts"] and it["spend"]["servers"])
    (month,) = ended["spend"]["servers"]
    assert (month["id"], month["name"], month["spent"]) == (str(stage.guild.id), "Testers", job.price)
    assert (ended["jobs"]["oldest"], ended["segmind"]["left"]) == ([], pytest.approx(stage.segmind.balance))


@WITH_PAGE
async def test_an_unavailable_database_is_reported_and_the_rest_is_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await figures(stage, lambda it: it["ledger"])

    async def away(_overview: object, _now: float) -> None:
        raise StoreUnavailable("connection to a-host failed for user a-user")

    async def refuses(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("bot.store.read.dashboard.DashboardQueries.present", away)
        broken.setattr("bot.store.read.dashboard.DashboardQueries.past", away)
        seen = await figures(stage, lambda it: it["stale"])
        assert seen["discord"]["online"] == 1
        # The page keeps showing the last figures.
        assert seen["jobs"] == {"counts": [], "oldest": []}
        assert "a-host" not in json.dumps(seen)
        broken.setattr(stage.app.store, "write_value", refuses)
        async with visiting(stage.app.served_at) as visitor:
            answer = await visitor.ask("POST", "pause", Authorization=f"Bearer {TOKEN}")
            assert answer.status == 503
            assert answer.error.startswith(
                "The database can't be written to right now, so nothing was changed."
            )
    assert not (await figures(stage, lambda it: not it["stale"]))["pause"]


@WITH_PAGE
async def test_while_paused_new_orders_wait_and_submitted_jobs_are_delivered(stage: Stage) -> None:
    sent = await stage.order(SLUG)
    await sent.says("Queued")
    assert (await switched(stage, "pause"))["pause"] > 0
    waiting = await stage.order(SLUG)
    assert "Not sent yet" in await waiting.says("Paused", "paused new orders")
    await stage.finish(sent, "Completed")
    assert len(stage.segmind.submissions) == 1
    paused = await figures(stage, lambda it: it["pause"] and it["jobs"]["counts"][0]["state"] == "waiting")
    assert [count["jobs"] for count in paused["jobs"]["counts"]] == [1]
    assert (await scrape(stage.app.served_at))("doppel_submissions_paused_seconds") > 0
    # A pause is no problem: the bot still takes orders.
    assert await wrong(stage.app.served_at, "/readyz") == {}
    assert (await switched(stage, "resume"))["pause"] is None
    await waiting.says("Queued")
    await stage.finish(waiting, "Completed")
    assert (await scrape(stage.app.served_at))("doppel_submissions_paused_seconds") == 0
    assert len(stage.segmind.submissions) == 2


async def test_without_a_token_nothing_is_sampled(stage: Stage) -> None:
    status, _, text = await fetched(stage.app.served_at, "/")
    assert status == 404
    assert "DOPPEL_OPS__PAGE_TOKEN" in text
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "the operator's page"]
