"""Downloads are bounded in bytes, time and reach."""

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
from tests.segmind.conftest import Names
from tests.segmind.hostile_server import (
    Behaviour,
    Unruly,
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
    server: Unruly, *allowed: str, names: Names | None = None, patience: DownloadTimeouts = LONG
) -> Downloader:
    hosts = {f"127.0.0.1:{server.port}", *allowed}
    return Downloader(allowed_hosts=hosts, patience=patience, resolver=names or Names())


async def test_a_file_is_read_as_it_is(server: Unruly) -> None:
    content = bytes(range(256)) * 1024
    server.plays(reply(200, content, content_type="image/png"))
    async with downloads(server) as reader:
        assert await reader.get(f" {server.url}/a.png?x=1 ", limit=len(content)) == content
    assert server.seen[0].target == "/a.png?x=1"
    assert server.seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(reply(200, b"x" * (LIMIT + 1)), id="declared and sent"),
        pytest.param(reply(200, b"x", length=LIMIT + 1), id="declared"),
        pytest.param(endless(b"x" * 65536), id="never declared"),
        pytest.param(
            reply(200, gzip.compress(bytes(20 * LIMIT)), content_encoding="gzip"), id="grows when unpacked"
        ),
    ],
)
async def test_too_many_bytes_are_not_read(server: Unruly, behaviour: Behaviour) -> None:
    server.plays(behaviour)
    async with downloads(server) as reader:
        with pytest.raises(TooLargeDownload) as caught:
            await reader.get(server.url, limit=LIMIT)
    assert caught.value.limit == LIMIT


@pytest.mark.parametrize(
    ("behaviour", "passing"),
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
async def test_what_does_not_come_whole_has_failed(
    server: Unruly, behaviour: Behaviour, passing: bool
) -> None:
    server.plays(behaviour)
    async with downloads(server) as reader:
        with pytest.raises(DownloadFailed) as caught:
            await reader.get(server.url, limit=LIMIT)
    assert caught.value.passing is passing
    assert caught.value.detail


@pytest.mark.parametrize("behaviour", [say_nothing, stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx")])
async def test_what_does_not_come_in_time_has_failed_for_now(server: Unruly, behaviour: Behaviour) -> None:
    server.plays(behaviour)
    async with downloads(server, patience=SHORT) as reader:
        with pytest.raises(DownloadFailed) as caught:
            await reader.get(server.url, limit=LIMIT)
    assert caught.value.passing
    assert caught.value.detail


def packed(size: int, wbits: int) -> bytes:
    """So many zeros in a thousandth of their size; each part unfolds by itself, so one stands for all."""
    packer, block = zlib.compressobj(9, zlib.DEFLATED, wbits), bytes(2**20)
    first, other = (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + other * (size // len(block) - 1)


@pytest.mark.parametrize(
    ("coding", "body", "kind"),
    [
        ("gzip", packed(256 * LIMIT, 31), TooLargeDownload),
        ("deflate", packed(256 * LIMIT, 15), TooLargeDownload),
        ("br", b"\x1b" * 1000, DownloadFailed),
        ("zstd", b"\x28" * 1000, DownloadFailed),
    ],
)
async def test_a_bomb_takes_no_more_memory_than_the_limit(
    server: Unruly, coding: str, body: bytes, kind: type[DownloadError]
) -> None:
    server.plays(reply(200, body, content_encoding=coding))
    async with downloads(server) as reader:
        tracemalloc.start()
        with pytest.raises(kind):
            await reader.get(server.url, limit=LIMIT)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 4 * LIMIT


@pytest.mark.parametrize(
    "words",
    [
        b"\n<!DOCTYPE html><title>Gone",
        b'{"error": "expired"}',
        b"<?xml version='1.0'?><Error/>",
        b"\xef\xbb\xbf[]",
    ],
)
async def test_words_under_the_name_of_a_picture_are_no_file(server: Unruly, words: bytes) -> None:
    server.plays(reply(200, words, content_type="image/png"))
    async with downloads(server) as reader:
        with pytest.raises(DownloadFailed, match="words") as caught:
            await reader.get(server.url, limit=LIMIT)
    assert caught.value.answered


async def test_a_file_of_an_odd_type_is_taken_for_what_it_is(server: Unruly) -> None:
    server.plays(reply(200, b"\x89PNG", content_type="text/html"))
    async with downloads(server) as reader:
        assert await reader.get(server.url, limit=LIMIT) == b"\x89PNG"


async def test_only_a_few_are_read_at_once(server: Unruly) -> None:
    begun, may_end = 0, asyncio.Event()

    async def held(writer: asyncio.StreamWriter) -> bool:
        nonlocal begun
        begun += 1
        await may_end.wait()
        return await reply(200, b"picture")(writer)

    server.plays(held)
    async with downloads(server, patience=DownloadTimeouts(total=60, connect=60, read=60)) as reader:
        reading = [asyncio.create_task(reader.get(server.url, limit=LIMIT)) for _ in range(40)]
        async with asyncio.timeout(PATIENCE):
            while begun < 16:
                await asyncio.sleep(0.01)
        for _ in range(50):
            await asyncio.sleep(0)
        assert begun == 16
        may_end.set()
        assert set(await asyncio.gather(*reading)) == {b"picture"}


async def test_a_name_that_changes_its_mind_never_leads_inside(server: Unruly) -> None:
    """What was checked is what is connected to: the name is not asked a second time in between."""

    class Changing(Names):
        async def resolve(
            self, host: str, port: int = 0, family: AddressFamily = AF_INET
        ) -> list[ResolveResult]:
            # A public address at first, where nobody listens, and then one inside.
            self.names = {host: ["127.0.0.1"] if self.asked else ["8.8.8.8"]}
            return await super().resolve(host, port, family)

    names = Changing()
    server.plays(reply(200, b"secret"))
    patience = DownloadTimeouts(total=0.5, connect=0.1, read=0.1)
    for _ in range(3):
        async with downloads(server, names=names, patience=patience) as reader:
            for _ in range(2):
                with pytest.raises(DownloadError):
                    await reader.get(f"http://rebind.test:{server.port}/", limit=LIMIT)
    assert len(names.asked) >= 3
    assert server.seen == []


async def test_a_drip_is_cut_off_when_the_grace_is_over(server: Unruly) -> None:
    server.plays(endless(b"x"))
    seconds = itertools.count()
    patience = DownloadTimeouts(total=5, connect=1, read=1, grace=10, floor=1e9)
    reader = Downloader(
        allowed_hosts={"127.0.0.1"}, patience=patience, resolver=Names(), clock=lambda: float(next(seconds))
    )
    async with reader:
        with pytest.raises(DownloadFailed, match="slowly"):
            await reader.get(server.url, limit=LIMIT)


async def test_a_drip_that_would_never_end_ends_with_the_total(server: Unruly) -> None:
    server.plays(endless(b"x", pause=0.01))
    patience = DownloadTimeouts(total=0.2, connect=1, read=1)
    async with downloads(server, patience=patience) as reader:
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
async def test_an_address_inside_is_not_asked(server: Unruly, url: str) -> None:
    names = Names({"inside.test": ["10.0.0.1"], "mixed.test": ["8.8.8.8", "127.0.0.1"]})
    server.plays(reply(200, b"secret"))
    async with downloads(server, names=names) as reader:
        with pytest.raises(DownloadRefused):
            await reader.get(url, limit=LIMIT)
    assert not server.seen


async def test_a_name_that_does_not_exist_has_failed(server: Unruly) -> None:
    async with downloads(server) as reader:
        with pytest.raises(DownloadFailed, match="no such host"):
            await reader.get("http://nowhere.test/", limit=LIMIT)


async def test_a_host_that_the_settings_name_may_be_anywhere(server: Unruly) -> None:
    server.plays(reply(200, b"picture"))
    names = Names({"cdn.test": ["127.0.0.1"]})
    async with downloads(server, "cdn.test", names=names) as reader:
        assert await reader.get(f"http://cdn.test:{server.port}/a", limit=LIMIT) == b"picture"


async def test_a_name_is_allowed_at_its_own_port_alone(server: Unruly) -> None:
    names = Names({"cdn.test": ["127.0.0.1"]})
    async with downloads(server, "cdn.test:1", names=names) as reader:
        with pytest.raises(DownloadRefused):
            await reader.get(f"http://cdn.test:{server.port}/a", limit=LIMIT)


async def test_redirects_are_followed_a_few_times(server: Unruly) -> None:
    on = reply(302, location="/next")
    server.plays(on, reply(307, location=server.url + "/third"), on, reply(200, b"picture"))
    async with downloads(server) as reader:
        assert await reader.get(server.url + "/first", limit=LIMIT) == b"picture"
        assert [each.path for each in server.seen] == ["/first", "/next", "/third", "/next"]
        server.plays(on)
        with pytest.raises(DownloadFailed, match="too often"):
            await reader.get(server.url + "/first", limit=LIMIT)
    assert len(server.seen) == 8


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
async def test_a_redirect_does_not_lead_inside(server: Unruly, location: str) -> None:
    server.plays(reply(302, location=location))
    async with downloads(server, names=Names({"inside.test": ["192.168.0.1"]})) as reader:
        with pytest.raises(DownloadRefused):
            await reader.get(server.url, limit=LIMIT)
    assert len(server.seen) == 1


async def test_downloads_are_opened_first() -> None:
    reader = Downloader()
    with pytest.raises(RuntimeError):
        await reader.get("http://8.8.8.8/", limit=LIMIT)
    await reader.__aexit__(None, None, None)
