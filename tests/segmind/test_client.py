"""The client against a misbehaving server: its results and errors, and the requests it sent."""

import gzip
import json
from typing import Any

import pytest
from pydantic import SecretStr

from bot.segmind.account import Balance
from bot.segmind.client import SegmindClient
from bot.segmind.errors import (
    BadParameters,
    DownloadFailed,
    DownloadRefused,
    KeyRejected,
    OutcomeUnknown,
    RateLimited,
    Refused,
    TooLargeDownload,
    Unavailable,
    Unreachable,
    UnreadableResponse,
)
from bot.segmind.history import Found
from bot.segmind.outputs import Inline, Link
from bot.segmind.requests import Endpoints
from bot.segmind.states import Accepted, Completed, Expired, Failed, Metrics, Processing, Queued
from bot.segmind.transport import Timeouts, Transport
from tests.clocks import LeapingClock
from tests.segmind.conftest import KEY, NO_WAITS, SHORT, FakeResolver
from tests.segmind.hostile_server import (
    Behaviour,
    HostileServer,
    endless,
    hang_up,
    raw,
    reply,
    reset,
    say_nothing,
    stall,
)

URL = "https://images.segmind.com/output/one.png"
OK = b"HTTP/1.1 200 OK\r\n"
SILENT = pytest.mark.silent
DONE = {"status": "COMPLETED", "output": URL, "metrics": {"cost": 0.05}}


async def test_a_submission_is_one_post_with_the_key(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(reply(200, {"request_id": "r-1", "status_url": "http://elsewhere.test/x"}))
    assert await client.submit("faceswap-v5", {"seed": 5}) == Accepted("r-1")
    (seen,) = server.requests
    assert (seen.method, seen.path, json.loads(seen.body)) == ("POST", "/v2/faceswap-v5", {"seed": 5})
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(hang_up, id="hangs up"),
        pytest.param(reset, id="resets"),
        pytest.param(say_nothing, id="says nothing", marks=SILENT),
        pytest.param(raw(b"HTTP/1.1 20"), id="half a status line"),
        pytest.param(raw(b"SSH-2.0-OpenSSH\r\n\r\n"), id="another protocol"),
        pytest.param(raw(OK + b"x" * 20_000 + b"\r\n\r\n"), id="endless header"),
        pytest.param(raw(OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n"), id="broken chunks"),
        pytest.param(stall(OK + b"content-length: 40\r\n\r\n{"), id="stalls in the body", marks=SILENT),
        pytest.param(reply(200, b'{"request_id": "r', length=40), id="ends in the body"),
        pytest.param(reply(200, b'{"request_id": "r'), id="truncated json"),
        pytest.param(reply(200, {"status": "QUEUED"}), id="no id"),
        pytest.param(reply(200, b"<html>", content_type="text/html"), id="html"),
        pytest.param(reply(200, b"\x1f\x8bnonsense", content_encoding="gzip"), id="broken gzip"),
        pytest.param(reply(204), id="no content"),
        pytest.param(reply(303, location="/elsewhere"), id="see other"),
        pytest.param(reply(500, {"error": "value"}), id="500"),
        pytest.param(reply(502), id="502 empty"),
        pytest.param(reply(504, b"<html>"), id="504 html"),
        pytest.param(endless(b" " * 65536), id="endless body"),
        pytest.param(reply(200, b"{}", length=3 * 1024 * 1024), id="declares too much"),
    ],
)
async def test_an_ambiguous_outcome_is_unknown_and_never_posted_again(
    server: HostileServer, client: SegmindClient, behaviour: Behaviour
) -> None:
    server.respond_with(behaviour)
    with pytest.raises(OutcomeUnknown):
        await client.submit("faceswap-v5", {})
    assert server.posts == len(server.requests) == 1


async def test_a_pooled_connection_that_died_does_not_make_a_second_post(
    server: HostileServer, client: SegmindClient
) -> None:
    server.respond_with(reply(200, {"request_id": "r-1"}), hang_up, reply(200, {"request_id": "r-2"}))
    assert await client.submit("x", {}) == Accepted("r-1")
    with pytest.raises(OutcomeUnknown):
        await client.submit("x", {})
    assert server.posts == 2


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (reply(400, {"error": "bad quality"}), BadParameters),
        (reply(401, {"error": f"key {KEY} is wrong"}), KeyRejected),
        (reply(405, b"<html>", content_type="text/html"), Refused),
        (reply(429, x_rate_limit_reset_at_utc="2026-01-01T00:00:00Z"), RateLimited),
        (reply(400, b"{", length=50), BadParameters),
        (endless(b" " * 65536, status=400), BadParameters),
        (reply(308, location="https://elsewhere.test/"), Refused),
    ],
)
async def test_a_refused_submission_raises_its_error_at_once(
    server: HostileServer, client: SegmindClient, behaviour: Behaviour, kind: type[Refused]
) -> None:
    server.respond_with(behaviour)
    with pytest.raises(Refused) as caught:
        await client.submit("faceswap-v5", {})
    assert type(caught.value) is kind
    assert KEY not in caught.value.detail
    assert len(server.requests) == 1


async def test_after_a_refused_connection_nothing_was_sent() -> None:
    async with HostileServer() as closed:
        url = closed.url
    async with SegmindClient(SecretStr(KEY), base_url=url, timeouts=SHORT, retry=NO_WAITS) as client:
        with pytest.raises(Unreachable):
            await client.submit("x", {})
        with pytest.raises(Unavailable) as caught:
            await client.status("r-1")
        assert isinstance(caught.value.cause, Unreachable)


async def test_for_an_unknown_host_nothing_was_sent() -> None:
    names = FakeResolver()
    async with SegmindClient(
        SecretStr(KEY), base_url="http://api.segmind.test", timeouts=SHORT, retry=NO_WAITS, resolver=names
    ) as client:
        with pytest.raises(Unreachable):
            await client.submit("x", {})
    assert names.asked == ["api.segmind.test"]


@pytest.mark.parametrize("behaviour", [hang_up, say_nothing])
async def test_after_a_failed_tls_handshake_nothing_was_sent(
    server: HostileServer, behaviour: Behaviour
) -> None:
    server.respond_with(behaviour)
    secure = server.url.replace("http:", "https:")
    times = Timeouts(total=5, connect=0.2, read=5)
    async with SegmindClient(SecretStr(KEY), base_url=secure, timeouts=times, retry=NO_WAITS) as client:
        with pytest.raises(Unreachable):
            await client.submit("x", {})
    assert server.posts == 0


RUNNING = reply(200, {"status": "PROCESSING"})
UNKNOWN_ID = reply(404, {"error": "not found"})
RESULT_PATH, STATUS_PATH = "/v2/requests/r-1", "/v2/requests/r-1/status"


def paths(server: HostileServer) -> list[str]:
    return [each.path for each in server.requests]


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        (reply(200, DONE), Completed(Link(URL), Metrics(cost=0.05))),
        (reply(200, {"status": "QUEUED"}), Queued()),
        (RUNNING, Processing()),
        (reply(422, {"status": "FAILED", "error": "no face"}), Failed("no face")),
        (reply(422, {"status": "FAILED", "error": "NSFW"}), Failed("NSFW", blocked=True)),
    ],
)
async def test_one_request_serves_for_the_state_and_the_result(
    server: HostileServer, client: SegmindClient, behaviour: Behaviour, state: Any
) -> None:
    server.respond_with(behaviour)
    assert await client.status("r-1") == state
    assert paths(server) == [RESULT_PATH]


@pytest.mark.parametrize(
    "refusal", [UNKNOWN_ID, reply(400, {"error": "not finished"}), reply(202, {}), reply(500)]
)
async def test_where_only_finished_jobs_have_a_result_the_documented_way_is_found(
    server: HostileServer, client: SegmindClient, refusal: Behaviour
) -> None:
    server.respond_with(
        *[refusal, RUNNING] * 3, RUNNING, reply(200, {"status": "COMPLETED"}), reply(200, DONE)
    )
    for _ in range(4):
        assert await client.status("r-1") == Processing()
    assert await client.status("r-1") == Completed(Link(URL), Metrics(cost=0.05))
    assert paths(server) == [*[RESULT_PATH, STATUS_PATH] * 3, STATUS_PATH, STATUS_PATH, RESULT_PATH]


async def test_a_passing_fault_of_the_results_address_decides_nothing(
    server: HostileServer, client: SegmindClient
) -> None:
    server.respond_with(*[*[reply(500), RUNNING] * 2, RUNNING] * 2)
    for _ in range(6):
        assert await client.status("r-1") == Processing()
    assert paths(server).count(RESULT_PATH) == 6


async def test_an_unknown_id_is_expired_only_if_both_addresses_say_so(
    server: HostileServer, client: SegmindClient
) -> None:
    server.respond_with(UNKNOWN_ID)
    assert await client.status("r-1") == Expired()
    assert paths(server) == [RESULT_PATH, STATUS_PATH]


async def test_a_stated_limit_lowers_the_rate_at_once(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(reply(200, {"status": "QUEUED"}, x_ratelimit_limit="60", x_ratelimit_remaining="59"))
    await client.status("r-1")
    assert client.rate.per_minute(client.rate.learned_at) == 60


@pytest.mark.parametrize(
    "behaviour",
    [
        hang_up,
        reset,
        pytest.param(say_nothing, marks=SILENT),
        reply(500),
        reply(502, b"<html>"),
        reply(429),
        reply(200, b"{", length=50),
        reply(200, b"<html>maintenance"),
        reply(429, x_rate_limit_reset_at_utc="2020-01-01T00:00:00Z"),
        reply(422, b"{", length=50),
    ],
)
async def test_a_poll_is_retried_until_there_is_a_usable_response(
    server: HostileServer, client: SegmindClient, behaviour: Behaviour
) -> None:
    server.respond_with(behaviour, reply(200, {"status": "PROCESSING"}))
    assert await client.status("r-1") == Processing()


async def test_a_poll_that_keeps_failing_is_unavailable(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(reply(502, b"upstream is away"))
    with pytest.raises(Unavailable, match="upstream is away"):
        await client.status("r-1")
    assert paths(server) == [RESULT_PATH, STATUS_PATH] * NO_WAITS.attempts


@pytest.mark.parametrize(("status", "requests"), [(400, 2), (401, 1), (403, 1), (405, 2)])
async def test_a_refused_poll_is_unavailable_and_not_retried(
    server: HostileServer, client: SegmindClient, status: int, requests: int
) -> None:
    server.respond_with(reply(status, {"error": "no"}))
    with pytest.raises(Unavailable) as caught:
        await client.status("r-1")
    assert isinstance(caught.value.cause, Refused)
    assert len(server.requests) == requests


async def test_the_client_does_not_wait_for_a_distant_reset(server: HostileServer) -> None:
    server.respond_with(reply(429, x_rate_limit_reset_at_utc="1767225700"))
    async with SegmindClient(
        SecretStr(KEY), base_url=server.url, retry=NO_WAITS, clock=LeapingClock(1767225600.0)
    ) as client:
        with pytest.raises(Unavailable) as caught:
            await client.status("r-1")
    assert isinstance(caught.value.cause, RateLimited)
    assert caught.value.cause.resets_at == 1767225700
    assert paths(server) == [RESULT_PATH]


async def test_an_endless_response_is_unreadable_and_not_retried(
    server: HostileServer, client: SegmindClient
) -> None:
    server.respond_with(endless(b" " * 65536))
    with pytest.raises(UnreadableResponse):
        await client.status("r-1")
    assert len(server.requests) == 1


async def test_a_completion_without_an_output_is_unreadable(
    server: HostileServer, client: SegmindClient
) -> None:
    server.respond_with(reply(200, {"status": "COMPLETED"}))
    with pytest.raises(UnreadableResponse):
        await client.status("r-1")


async def test_redirects_of_the_api_are_not_followed(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(reply(302, location=server.url + "/elsewhere"))
    with pytest.raises(Unavailable):
        await client.status("r-1")
    assert set(paths(server)) == {RESULT_PATH, STATUS_PATH}


async def test_a_page_of_the_history_has_the_requests_of_all_models(
    server: HostileServer, client: SegmindClient
) -> None:
    inputs = {"source_image": "https://x.y/a.png?doppel=n0nce"}
    listed = {
        "request_id": "r-1",
        "model_name": "faceswap-v5",
        "model_status": "PENDING",
        "request_body": inputs,
    }
    server.respond_with(reply(200, {"data": [listed]}), reply(404, {"error": "no page"}))
    (row,) = await client.history_page(1, since=1767225600, until=1767229200)
    assert (row.found, row.model, row.inputs) == (
        Found("r-1", "PENDING", None, None, None),
        "faceswap-v5",
        inputs,
    )
    assert await client.history_page(2, since=1767225600, until=1767229200) == []
    first, second = server.requests
    assert first.query == {"page": "1", "per_page": "100", "from_date": "2025-12-31", "to_date": "2026-01-02"}
    assert second.query == {**first.query, "page": "2"}


async def test_the_history_is_searched_by_request_id(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(reply(200, {"request_id": "r-1", "model_status": "COMPLETED", "generation_url": URL}))
    assert await client.history_record("r-1") == Found("r-1", "COMPLETED", Link(URL), None, None)
    server.respond_with(reply(404))
    assert await client.history_record("r-1") is None


async def test_an_upload_is_free_so_it_is_retried(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(hang_up, reply(502), reply(200, {"file_urls": [URL]}))
    assert await client.upload(bytes(3 * 1024 * 1024), "image/png", "face.png") == URL
    assert server.posts == 3
    # Not every server takes a body in chunked encoding.
    assert "transfer-encoding" not in server.requests[-1].headers
    assert b";name=" not in server.requests[-1].body


async def test_an_upload_has_a_name_if_the_client_is_told_to_name_it(server: HostileServer) -> None:
    server.respond_with(reply(200, {"urls": [URL]}))
    async with SegmindClient(SecretStr(KEY), base_url=server.url, named_uploads=True) as client:
        assert await client.upload(b"x", "image/png", "face 1.png") == URL
    assert b"data:image/png;name=face%201.png;base64,eA==" in server.requests[0].body


async def test_a_refused_upload_raises_its_error(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(reply(413, {"error": "too large"}))
    with pytest.raises(Refused, match="too large"):
        await client.upload(b"x", "image/png", "face.png")
    assert server.posts == 1


async def test_a_rate_limited_upload_is_retried(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(reply(429), reply(200, {"file_urls": [URL]}))
    assert await client.upload(b"x", "image/png", "face.png") == URL


async def test_balance_and_catalogue_are_parsed(server: HostileServer, client: SegmindClient) -> None:
    server.respond_with(
        reply(200, {"credits": 1.0, "free-credits": 0.018}), reply(200, [{"slug": "faceswap-v5"}])
    )
    assert await client.balance() == Balance(1.0, 0.018)
    assert [each.slug for each in await client.catalogue()] == ["faceswap-v5"]


async def test_an_inline_output_is_limited_too(client: SegmindClient) -> None:
    assert await client.fetch(Inline(b"12345"), limit=5) == b"12345"
    with pytest.raises(TooLargeDownload):
        await client.fetch(Inline(b"12345"), limit=4)


async def test_an_output_is_fetched_without_the_key_and_with_retries(
    server: HostileServer, client: SegmindClient
) -> None:
    server.respond_with(hang_up, reply(503), reply(200, b"picture"))
    assert await client.fetch(Link(server.url + "/one.png"), limit=100) == b"picture"
    assert all("x-api-key" not in each.headers for each in server.requests)


async def test_a_missing_or_forbidden_output_is_not_retried(
    server: HostileServer, client: SegmindClient
) -> None:
    server.respond_with(reply(404))
    with pytest.raises(DownloadFailed):
        await client.fetch(Link(server.url + "/one.png"), limit=100)
    with pytest.raises(DownloadRefused):
        await client.fetch(Link("http://10.0.0.1/one.png"), limit=100)
    assert len(server.requests) == 1


async def test_responses_may_be_compressed(server: HostileServer, client: SegmindClient) -> None:
    body = gzip.compress(json.dumps({"status": "QUEUED"}).encode())
    server.respond_with(reply(200, body, content_encoding="gzip"))
    assert type(await client.status("r-1")).__name__ == "Queued"


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "schlüssel"])
def test_a_client_needs_a_usable_key(key: str) -> None:
    with pytest.raises(KeyRejected):
        SegmindClient(SecretStr(key))


async def test_a_transport_must_be_opened_first() -> None:
    transport = Transport(SecretStr(KEY), timeouts=Timeouts())
    with pytest.raises(RuntimeError):
        await transport.exchange(Endpoints.from_urls("http://x.test").credits(), 1)
    await transport.__aexit__(None, None, None)
