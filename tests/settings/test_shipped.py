"""The settings file that is shipped states and explains every setting."""

import itertools
import re
import tomllib
from pathlib import Path

from bot.settings import Settings, known_fields, load
from tests.settings.loading import FIELDS, ROOT, SHIPPED, written


def test_the_shipped_file_states_every_setting_with_its_default() -> None:
    tables = tomllib.loads(SHIPPED.read_text("utf-8"))
    stated = {f"{section}.{key}" for section, table in tables.items() for key in table}
    assert stated == {field.name for field in known_fields() if field.default is not None}
    assert load(SHIPPED, {}) == Settings()


def test_the_shipped_file_says_one_line_of_why_for_every_setting_and_names_the_secrets() -> None:
    lines = SHIPPED.read_text("utf-8").splitlines()
    explained: set[str] = set()
    section = ""
    for before, line in itertools.pairwise(lines):
        section = match[1] if (match := re.fullmatch(r"\[(\w+)\]", line)) else section
        if match := re.fullmatch(r"(?:# )?(\w+) = .+", line):
            assert re.fullmatch(r"# (?!\w+ = ).{20,}[.;)].*", before), f"no why above: {line}"
            explained.add(f"{section}.{match[1]}")
    secrets = {"discord.token", "segmind.key", "faces.key", "ops.page_token"}
    assert explained == FIELDS.keys() - secrets
    for name in secrets:
        assert FIELDS[name].env in SHIPPED.read_text("utf-8")


def test_the_examples_that_are_commented_out_can_be_used(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^# (?=\w+ = )", "", SHIPPED.read_text("utf-8"))
    assert load(written(tmp_path, text), {}).discord.guild_id is not None


def test_the_example_of_the_secrets_names_known_ones_and_sets_none(tmp_path: Path) -> None:
    example = (ROOT / "config" / "secrets.env.example").read_text("utf-8")
    assert load(written(tmp_path, "", example), {}) == Settings()
    names = set(re.findall(r"(?m)^(\w+)=", example))
    assert names == {field.env for field in known_fields() if field.secret}


def test_no_line_of_the_shipped_files_is_wider_than_a_screen_allows() -> None:
    assert all(len(line) <= 130 for line in SHIPPED.read_text("utf-8").splitlines())
