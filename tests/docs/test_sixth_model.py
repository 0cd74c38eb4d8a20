"""The developers' page on a sixth model, followed word by word."""

import asyncio
import importlib
import re
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

import bot.sandbox.faces.recipes
import cogs
from bot.chat.text import ENGLISH, LANGUAGES, PHRASES, catalogue
from bot.registry import model_registry
from bot.sandbox.faces.engine import FaceEngine
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.recipes import RECIPES
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.segmind.request_store import Submission
from tests.clocks import HeldClock
from tests.docs.pages import ROOT, page
from tests.harness import Reply, staged
from tests.samples import SAMPLES

SLUG = "faceswap-pencil"
DESCRIPTIONS = ("Put a face into a pencil drawing", "Soft or hard pencil")
PAGE = page("docs/developers.md")
PYTHON = {
    block.text.partition("\n")[0].removeprefix("# "): block.text.partition("\n")[2]
    for block in PAGE.blocks
    if block.language == "python"
}
MODEL, RECIPE, DOCUMENTED = PYTHON
RECIPES_LIST = "bot/sandbox/faces/recipes/__init__.py"
((_, RECIPE_MODULE),) = re.findall(rf'`"({SLUG})": (\w+)\.render`', PAGE.text)
# Everything that walks over the models, and everything else that the new files could break.
TESTS = (
    "tests/test_models.py",
    "tests/chat/test_localization.py",
    "tests/chat/test_text.py",
    "tests/chat/orders/test_slash_command.py",
    "tests/docs/test_commands_of_the_bot.py",
    "tests/docs/test_operators.py",
    "tests/ledger/test_policy.py",
)
# Of these, a test for each model.
ORDERS = (
    "tests/chat/test_cogs.py",
    "tests/chat/access/test_guard.py",
    "tests/chat/account/test_credits.py",
    "tests/chat/orders",
    "tests/sandbox/segmind/test_contract.py",
)
# `python -m tests.docs.tables` and pytest, in one process that loads the bot once.
LAST_STEPS = """
import runpy, sys, pytest
runpy.run_module("tests.docs.tables", run_name="__main__")
sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Extend both packages by a folder with the page's files."""
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


async def order(tmp_path: Path, until: str) -> tuple[tuple[Submission, ...], str]:
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
async def test_one_file_makes_the_command_and_the_sandbox_asks_for_its_recipe(tmp_path: Path) -> None:
    (submitted,), text = await order(tmp_path, "· Failed")
    assert "has no recipe" in text
    assert submitted.body["hardness"] == "hard"
    assert submitted.body.keys() == model_registry("cogs")[SLUG].model_fields.keys()


@pytest.mark.usefixtures("followed")
async def test_with_its_recipe_the_sandbox_draws_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"bot.sandbox.faces.recipes.{RECIPE_MODULE}")
    monkeypatch.setitem(RECIPES, SLUG, module.render)
    _, text = await order(tmp_path, "· Completed")
    assert "Face swap pencil" in text
    assert "6 credits" in text


def follow_every_step(project: Path) -> None:
    for name in ("bot", "cogs", "config", "deploy", "docs", "tests"):
        # Compiled modules come along, except those that another process is just writing.
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("*.pyc.*"))
    for file in ROOT.iterdir():
        if file.is_file() and file.name != ".git":
            shutil.copy(file, project)
    for path in (MODEL, RECIPE):
        (project / path).write_text(PYTHON[path])
    recipes = project / RECIPES_LIST
    named = recipes.read_text().replace(" faceswap_v4,", f" {RECIPE_MODULE}, faceswap_v4,")
    recipes.write_text(named.replace("] = {\n", f'] = {{\n    "{SLUG}": {RECIPE_MODULE}.render,\n'))
    with (project / DOCUMENTED).open("a") as documented:
        documented.write(PYTHON[DOCUMENTED])
    for language in LANGUAGES:
        if language != ENGLISH:
            translations = project / f"bot/chat/text/{language}.toml"
            new = [each for each in DESCRIPTIONS if f"{PHRASES}.{each}" not in catalogue(language)]
            lines = "".join(f'"{each}" = "{language} {each}"\n' for each in new)
            text = translations.read_text("utf-8")
            translations.write_text(text.replace(f"[{PHRASES}]\n", f"[{PHRASES}]\n{lines}"), "utf-8")


async def run(project: Path, program: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *arguments,
        cwd=project, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def test_after_the_steps_of_the_page_the_tests_of_the_models_pass(tmp_path: Path) -> None:
    project = tmp_path / "doppel"
    project.mkdir()
    follow_every_step(project)
    chosen = " or ".join(["pencil", *(Path(file).name for file in TESTS)])
    await run(project, LAST_STEPS, "-q", "-p", "no:cacheprovider", "-k", chosen, *TESTS, *ORDERS)
