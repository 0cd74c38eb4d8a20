"""`doppel detect` next to a running bot."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.clock import WallClock
from bot.jobs.job import Job
from bot.jobs.service import new_id
from bot.media.fingerprints import Fingerprint
from bot.media.hashing import exact_hash
from bot.media.marks.choice import Marks
from bot.media.marks.pixels import mark_picture
from bot.media.types import DetectedMark
from bot.media.watermark.code import MarkCode
from bot.moderation.origin import Evidence, Origin
from bot.store import SqlStore
from tests.media.files import picture
from tests.samples import SAMPLES
from tests.store.orders import START, TERMS, order

# A larger one takes longer to be searched for a watermark.
PICTURE = picture("PNG")


async def ordered(url: str) -> Job:
    async with SqlStore(url, start=START, clock=WallClock()) as store:
        # The id begins with the time, by which the job of a watermark is found.
        job = replace(order(), id=new_id(order().created_at))
        await store.open(job, TERMS)
        await store.moderation.save_fingerprints(job.id, {"result": Fingerprint(exact_hash(PICTURE), (7,))})
        return job


def test_it_names_the_job_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/doppel.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    job = asyncio.run(ordered(url))
    file = tmp_path / "found"

    def answer(content: bytes) -> str:
        file.write_bytes(content)
        assert main(["detect", str(file)]) == 0
        return capsys.readouterr().out

    photo = (SAMPLES / "face_a.jpg").read_bytes()
    marked = mark_picture(photo, "image/jpeg", Marks(MarkCode.of(job.id, job.created_at)))
    assert f"Yes: it carries the watermark of the job {job.id}" in answer(marked)
    assert f"Yes: it is the file that Segmind made of the job {job.id}" in answer(PICTURE)
    assert "Nothing found" in answer(picture("JPEG"))
    file.write_bytes(b"words")
    assert main(["detect", str(file)]) == 1
    assert "is not a picture or video that the bot can read" in capsys.readouterr().err
    assert main(["detect", str(tmp_path / "nowhere.png")]) == 1


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_evidence_is_tried_from_the_strongest_on(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sqlite = database == "sqlite"
    url = f"sqlite:///{tmp_path}/doppel.db" if sqlite else request.getfixturevalue("postgres_url")
    asyncio.run(check_evidence(url))


async def check_evidence(url: str) -> None:
    job = await ordered(url)
    async with SqlStore(url, start=START, clock=WallClock()) as store:
        found = store.moderation.find_origin
        code = MarkCode.of(job.id, job.created_at)
        same, alike = Fingerprint(exact_hash(PICTURE)), Fingerprint("other", (5,))
        assert await found(DetectedMark(code, same), 6) == Origin(Evidence.WATERMARK, job.id, code.day)
        assert await found(DetectedMark(None, same), 6) == Origin(Evidence.BYTES, job.id)
        assert await found(DetectedMark(None, alike), 1) == Origin(Evidence.LIKENESS, job.id)
        assert await found(DetectedMark(None, alike), 0) is None
        other = MarkCode.of("another", job.created_at)
        assert await found(DetectedMark(other, same), 6) == Origin(Evidence.WATERMARK, None, other.day)
