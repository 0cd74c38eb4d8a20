"""The developers' page, followed word by word: its files are written, and its command is typed."""

import importlib
import re
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import bot.sandbox.faces.recipes
import cogs
from bot.registry import model_registry
from bot.sandbox.faces import CannotSwap, FaceEngine
from bot.sandbox.faces.recipes import RECIPES
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.segmind.request_store import Submission
from bot.sandbox.welcome import SAMPLES
from tests import segmind_docs
from tests.clocks import HeldClock
from tests.docs.pages import page
from tests.harness import Reply, staged

SLUG = "faceswap-pencil"
PYTHON = {
    block.text.partition("\n")[0].removeprefix("# "): block.text.partition("\n")[2]
    for block in page("docs/developers.md").blocks
    if block.language == "python"
}
MODEL, RECIPE, FACTS = PYTHON


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Both packages reach into a folder that has the page's files at the page's paths."""
    for package in (cogs, bot.sandbox.faces.recipes):
        folder = tmp_path.joinpath(*package.__name__.split("."))
        folder.mkdir(parents=True)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    for path in (MODEL, RECIPE):
        (tmp_path / path).write_text(PYTHON[path])
    importlib.invalidate_caches()
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.endswith("faceswap_pencil"):
            del sys.modules[name]


def named_in_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that the page has one write into `recipes/__init__.py`."""
    (named,) = re.findall(rf'`"({SLUG})": (\w+)\.render`', page("docs/developers.md").text)
    module = importlib.import_module(f"bot.sandbox.faces.recipes.{named[1]}")
    monkeypatch.setitem(RECIPES, named[0], module.render)


async def ordered(tmp_path: Path, until: str) -> tuple[tuple[Submission, ...], str]:
    clock, models = HeldClock(), model_registry("cogs")
    async with (
        LocalSegmind(
            models, engine=FaceEngine(), user_errors=(CannotSwap,), clock=clock.now, sleep=clock.sleep
        ) as segmind,
        staged(tmp_path / "doppel.db", segmind, clock) as stage,
    ):
        files = {
            "source_image": ("a.jpg", (SAMPLES / "face_a.jpg").read_bytes()),
            "target_image": ("b.jpg", (SAMPLES / "face_b.jpg").read_bytes()),
        }
        given = {"hardness": "hard", **files}
        reply = Reply(stage.env, await stage.member.slash(stage.channel, SLUG, **given))
        text = await stage.finish(reply, until)
        return segmind.submissions, text


@pytest.mark.usefixtures("followed")
async def test_the_new_command_is_typed_and_its_result_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named_in_recipes(monkeypatch)
    submissions, text = await ordered(tmp_path, "**Completed**")
    assert "Face swap pencil" in text
    assert "6 credits" in text
    (submitted,) = submissions
    assert submitted.body["hardness"] == "hard"
    assert submitted.body.keys() == model_registry("cogs")[SLUG].model_fields.keys()


@pytest.mark.usefixtures("followed")
async def test_without_its_recipe_the_sandbox_says_so(tmp_path: Path) -> None:
    _, text = await ordered(tmp_path, "**Failed**")
    assert "has no recipe" in text


@pytest.mark.usefixtures("followed")
def test_what_the_page_documents_of_the_model_is_what_it_declares() -> None:
    facts: dict[str, Any] = eval(PYTHON[FACTS], dict(vars(segmind_docs)))
    for declared in model_registry("cogs")[SLUG].parameters():
        said = facts[SLUG].pop(declared.name)
        assert said.type is declared.type
        assert (said.required, said.default) == (declared.required, declared.default)
        assert said.choices == declared.choices or sorted(said.choices) == sorted(declared.choices)
        assert (said.range or (None, None)) == (declared.minimum, declared.maximum)
    assert facts == {SLUG: {}}
