"""Downloads are limited in bytes and time, and to public networks."""

import asyncio
import gzip
import itertools
import tracemalloc
import zlib
from socket import AF_INET, AddressFamily

import pytest
from aiohttp.abc import ResolveResult

from bot.segmind.download import Downloader, DownloadTimeouts
from bot.segmind.errors import DownloadError, DownloadFailed, DownloadRefused, TooLargeDownload
from tests.patience import PATIENCE
from tests.segmind.conftest import FakeResolver
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

SHORT = DownloadTimeouts(total=2, connect=1, read=0.5)
LONG = DownloadTimeouts(total=PATIENCE, connect=PATIENCE, read=PATIENCE)
LIMIT = 1024 * 1024


def downloads(
    server: HostileServer,
    *allowed: str,
    resolver: FakeResolver | None = None,
    timeouts: DownloadTimeouts = LONG,
) -> Downloader:
    hosts = {f"127.0.0.1:{server.port}", *allowed}
    return Downloader(allowed_hosts=hosts, timeouts=timeouts, resolver=resolver or FakeResolver())


async def test_a_file_is_downloaded_unchanged(server: HostileServer) -> None:
    content = bytes(range(256)) * 1024
    server.respond_with(reply(200, content, content_type="image/png"))
    async with downloads(server) as reader:
        assert await reader.get(f" {server.url}/a.png?x=1 ", limit=len(content)) == content
    assert server.requests[0].target == "/a.png?x=1"
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(reply(200, b"x" * (LIMIT + 1)), id="declared and sent"),
        pytest.param(reply(200, b"x", length=LIMIT + 1), id="declared"),
        pytest.param(endless(b"x" * 65536), id="never declared"),
        pytest.param(
            reply(200, gzip.compress(bytes(2 * LIMIT)), content_encoding="gzip"), id="grows when unpacked"
        ),
    ],
)
async def test_a_download_stops_at_its_limit(server: HostileServer, behaviour: Behaviour) -> None:
    server.respond_with(behaviour)
    async with downloads(server) as reader:
        with pytest.raises(TooLargeDownload) as caught:
            await reader.get(server.url, limit=LIMIT)
    assert caught.value.limit == LIMIT


@pytest.mark.parametrize(
    ("behaviour", "transient"),
    [
        (hang_up, True),
        (reset, True),
        (reply(200, b"x", length=9), True),
        (reply(200, b""), True),
        (raw(b"SSH-2.0\r\n\r\n"), True),
        (reply(200, b"nonsense", content_encoding="gzip"), True),
        (reply(500), True),
        (reply(429), True),
        (reply(404), False),
        (reply(403), False),
        (reply(204), False),
        (reply(304), False),
        (reply(302), False),
    ],
)
async def test_an_incomplete_file_is_a_failure(
    server: HostileServer, behaviour: Behaviour, transient: bool
) -> None:
    server.respond_with(behaviour)
    async with downloads(server) as reader:
        with pytest.raises(DownloadFailed) as caught:
            await reader.get(server.url, limit=LIMIT)
    assert caught.value.transient is transient
    assert caught.value.detail


@pytest.mark.parametrize("behaviour", [say_nothing, stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx")])
async def test_a_timeout_is_a_transient_failure(server: HostileServer, behaviour: Behaviour) -> None:
    server.respond_with(behaviour)
    async with downloads(server, timeouts=SHORT) as reader:
        with pytest.raises(DownloadFailed) as caught:
            await reader.get(server.url, limit=LIMIT)
    assert caught.value.transient
    assert caught.value.detail


def compressed(size: int, wbits: int) -> bytes:
    """Compress `size` zeros. Each full flush makes a block independent, so one block serves for all."""
    compressor, block = zlib.compressobj(9, zlib.DEFLATED, wbits), bytes(2**20)
    first, other = (compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + other * (size // len(block) - 1)


@pytest.mark.parametrize(
    ("coding", "body", "kind"),
    [
        ("gzip", compressed(256 * LIMIT, 31), TooLargeDownload),
        ("deflate", compressed(256 * LIMIT, 15), TooLargeDownload),
        ("br", b"\x1b" * 1000, DownloadFailed),
        ("zstd", b"\x28" * 1000, DownloadFailed),
    ],
)
async def test_a_bomb_takes_no_more_memory_than_the_limit(
    server: HostileServer, coding: str, body: bytes, kind: type[DownloadError]
) -> None:
    server.respond_with(reply(200, body, content_encoding=coding))
    async with downloads(server) as reader:
        tracemalloc.start()
        with pytest.raises(kind):
            await reader.get(server.url, limit=LIMIT)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 4 * LIMIT


@pytest.mark.parametrize(
    "text",
    [
        b"\n<!DOCTYPE html><title>MessageGone",
        b'{"error": "expired"}',
        b"<?xml version='1.0'?><Error/>",
        b"\xef\xbb\xbf[]",
    ],
)
async def test_text_sent_as_a_picture_is_a_failure(server: HostileServer, text: bytes) -> None:
    server.respond_with(reply(200, text, content_type="image/png"))
    async with downloads(server) as reader:
        with pytest.raises(DownloadFailed, match="text instead") as caught:
            await reader.get(server.url, limit=LIMIT)
    assert caught.value.server_works


async def test_the_content_type_of_a_file_does_not_matter(server: HostileServer) -> None:
    server.respond_with(reply(200, b"\x89PNG", content_type="text/html"))
    async with downloads(server) as reader:
        assert await reader.get(server.url, limit=LIMIT) == b"\x89PNG"


async def test_sixteen_downloads_run_at_once(server: HostileServer) -> None:
    started, may_end = 0, asyncio.Event()

    async def wait(writer: asyncio.StreamWriter) -> bool:
        nonlocal started
        started += 1
        await may_end.wait()
        return await reply(200, b"picture")(writer)

    server.respond_with(wait)
    async with downloads(server, timeouts=DownloadTimeouts(total=60, connect=60, read=60)) as reader:
        reading = [asyncio.create_task(reader.get(server.url, limit=LIMIT)) for _ in range(40)]
        async with asyncio.timeout(PATIENCE):
            while started < 16:
                await asyncio.sleep(0.01)
        for _ in range(50):
            await asyncio.sleep(0)
        assert started == 16
        may_end.set()
        assert set(await asyncio.gather(*reading)) == {b"picture"}


async def test_a_name_that_resolves_differently_each_time_reaches_no_private_network(
    server: HostileServer,
) -> None:
    """The downloader connects to the address that it checked, without resolving the name again."""

    class Changing(FakeResolver):
        async def resolve(
            self, host: str, port: int = 0, family: AddressFamily = AF_INET
        ) -> list[ResolveResult]:
            # First a public address where nothing listens, then a private one.
            self.names = {host: ["127.0.0.1"] if self.asked else ["8.8.8.8"]}
            return await super().resolve(host, port, family)

    resolver = Changing()
    server.respond_with(reply(200, b"secret"))
    timeouts = DownloadTimeouts(total=0.5, connect=0.1, read=0.1)
    for _ in range(3):
        async with downloads(server, resolver=resolver, timeouts=timeouts) as reader:
            for _ in range(2):
                with pytest.raises(DownloadError):
                    await reader.get(f"http://rebind.test:{server.port}/", limit=LIMIT)
    assert len(resolver.asked) >= 3
    assert server.requests == []


async def test_a_slow_download_fails_after_its_grace(server: HostileServer) -> None:
    server.respond_with(endless(b"x"))
    seconds = itertools.count()
    timeouts = DownloadTimeouts(total=5, connect=1, read=1, grace=10, min_rate=1e9)
    reader = Downloader(
        allowed_hosts={"127.0.0.1"},
        timeouts=timeouts,
        resolver=FakeResolver(),
        clock=lambda: float(next(seconds)),
    )
    async with reader:
        with pytest.raises(DownloadFailed, match="slowly"):
            await reader.get(server.url, limit=LIMIT)


async def test_an_endless_download_fails_after_its_total_time(server: HostileServer) -> None:
    server.respond_with(endless(b"x", pause=0.01))
    timeouts = DownloadTimeouts(total=0.2, connect=1, read=1)
    async with downloads(server, timeouts=timeouts) as reader:
        with pytest.raises(DownloadFailed, match="too long"):
            await reader.get(server.url, limit=LIMIT)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "/a.png",
        "file:///etc/passwd",
        "ftp://8.8.8.8/a",
        "data:image/png;base64,xx",
        "http://",
        "http:///a",
        "http://[::1",
        "http://8.8.8.8:99999/",
        "http://user:password@8.8.8.8/",
        "http://127.0.0.1/",
        "http://127.0.0.1:1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1%25eth0]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1./",
        "http://①②⑦.⓪.⓪.①/",
        "http://inside.test/",
        "http://mixed.test/",
        "http://INSIDE.test:8080/",
    ],
)
async def test_a_url_into_a_private_network_is_not_requested(server: HostileServer, url: str) -> None:
    resolver = FakeResolver({"inside.test": ["10.0.0.1"], "mixed.test": ["8.8.8.8", "127.0.0.1"]})
    server.respond_with(reply(200, b"secret"))
    async with downloads(server, resolver=resolver) as reader:
        with pytest.raises(DownloadRefused):
            await reader.get(url, limit=LIMIT)
    assert not server.requests


async def test_an_unknown_host_is_a_failure(server: HostileServer) -> None:
    async with downloads(server) as reader:
        with pytest.raises(DownloadFailed, match="no such host"):
            await reader.get("http://nowhere.test/", limit=LIMIT)


async def test_an_allowed_host_may_be_in_a_private_network(server: HostileServer) -> None:
    server.respond_with(reply(200, b"picture"))
    resolver = FakeResolver({"cdn.test": ["127.0.0.1"]})
    async with downloads(server, "cdn.test", resolver=resolver) as reader:
        assert await reader.get(f"http://cdn.test:{server.port}/a", limit=LIMIT) == b"picture"


async def test_an_allowed_host_is_allowed_at_its_port_only(server: HostileServer) -> None:
    resolver = FakeResolver({"cdn.test": ["127.0.0.1"]})
    async with downloads(server, "cdn.test:1", resolver=resolver) as reader:
        with pytest.raises(DownloadRefused):
            await reader.get(f"http://cdn.test:{server.port}/a", limit=LIMIT)


async def test_a_limited_number_of_redirects_is_followed(server: HostileServer) -> None:
    on = reply(302, location="/next")
    server.respond_with(on, reply(307, location=server.url + "/third"), on, reply(200, b"picture"))
    async with downloads(server) as reader:
        assert await reader.get(server.url + "/first", limit=LIMIT) == b"picture"
        assert [each.path for each in server.requests] == ["/first", "/next", "/third", "/next"]
        server.respond_with(on)
        with pytest.raises(DownloadFailed, match="too many redirects"):
            await reader.get(server.url + "/first", limit=LIMIT)
    assert len(server.requests) == 8


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "//[::1]/",
        "http://inside.test/",
        "file:///etc/passwd",
        "http://[::1",
        "http://127.0.0.1:1/",
    ],
)
async def test_a_redirect_into_a_private_network_is_not_followed(
    server: HostileServer, location: str
) -> None:
    server.respond_with(reply(302, location=location))
    async with downloads(server, resolver=FakeResolver({"inside.test": ["192.168.0.1"]})) as reader:
        with pytest.raises(DownloadRefused):
            await reader.get(server.url, limit=LIMIT)
    assert len(server.requests) == 1


async def test_a_downloader_must_be_opened_first() -> None:
    reader = Downloader()
    with pytest.raises(RuntimeError):
        await reader.get("http://8.8.8.8/", limit=LIMIT)
    await reader.__aexit__(None, None, None)
