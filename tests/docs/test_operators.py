"""The operators' pages describe every setting and every alert, and only metrics that exist."""

import re

import pytest
import yaml

from bot.settings import Settings, known_fields
from tests.docs.pages import BLOCKS, PAGES, ROOT, page
from tests.docs.tables import TABLES, written
from tests.harness import MODELS, Stage
from tests.ops.scrape import scrape

INCIDENTS, MONITOR, SCALE = page("docs/incidents.md"), page("docs/monitor.md"), page("docs/scale.md")
RUN, SETTINGS_PAGE = page("docs/run.md"), page("docs/settings.md")
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
SETTINGS = {field.name for field in known_fields()}
SECTIONS = {field.section for field in known_fields()}
# Metrics that Prometheus itself adds.
OF_PROMETHEUS = {"up"}


@pytest.mark.parametrize("path", TABLES)
def test_the_tables_of_a_page_are_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text("utf-8") == written(path), "python -m tests.docs.tables writes them"


def test_every_setting_has_a_row_that_says_why() -> None:
    table = SETTINGS_PAGE.text
    for field in known_fields():
        section = table.partition(f"### [{field.section}]\n")[2].partition("### [")[0]
        (why,) = re.findall(rf"(?m)^\| `{field.key}` \|.*\| (.+) \|$", section)
        assert len(why) > 20, field.name


@pytest.mark.parametrize("name", PAGES)
def test_a_setting_that_a_page_names_is_one(name: str) -> None:
    for word in PAGES[name].words:
        found = re.match(r"([a-z0-9]+)\.([a-z_0-9]+)\b(?! *\()", word)
        if found and found[1] in SECTIONS and found[2] not in {"py", "md"}:
            assert found[0] in SETTINGS, f"{name}: {word}"
        for section, key in re.findall(r"\bDOPPEL_([A-Z0-9]+)__([A-Z0-9_]+)", word):
            assert f"{section}.{key}".lower() in SETTINGS, f"{name}: {word}"


def test_the_bounds_that_the_pages_name_are_the_defaults() -> None:
    its = Settings()
    assert (its.jobs.per_member, its.jobs.per_server, its.jobs.in_all) == (2, 20, 50)
    row = "| jobs at Segmind at once: member, server, all | 2, 20, 50 |"
    assert row in RUN.text
    assert f"| {its.jobs.waiting_per_member} | `jobs.waiting_per_member` |" in RUN.text
    assert f"| {its.segmind.requests_per_minute} a minute | `segmind.requests_per_minute` |" in RUN.text
    assert f"`database.lease`, {its.database.lease:.0f} s" in SCALE.text
    assert f"{its.uploads.pixels:,}, {its.uploads.video_seconds:.0f} s" in RUN.text


def test_the_readme_calculates_with_the_prices_and_the_defaults() -> None:
    its, price = Settings().credits, MODELS["faceswap-v5"].card.usd
    readme = " ".join(page("README.md").text.split())
    swaps = 30 * 2
    assert f"{swaps} swaps for {price * 100:.0f} cents each: **${swaps * price:.0f} a day" in readme
    assert f"${swaps * price * 30:.0f} a month**" in readme
    assert its.operator_daily_usd is not None
    assert f"| ${its.operator_daily_usd:.0f} | ${its.operator_daily_usd * 31:.0f} in a month" in readme
    assert f"| {its.daily} credits | {its.daily * its.usd / price:.0f} swaps" in readme
    assert f"to 5, and a month costs at most ${5 * 31}." in readme


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_has_a_part_in_the_runbook_and_leads_there(rule: dict[str, dict[str, str]]) -> None:
    section = INCIDENTS.section("When an alert fires")
    assert f"### {rule['alert']}\n" in section
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert path == "docs/incidents.md"
    assert anchor in INCIDENTS.anchors


def test_the_runbook_knows_no_alert_that_is_gone() -> None:
    headings = re.findall(r"(?m)^### (\w+)$", INCIDENTS.section("When an alert fires"))
    assert headings == [rule["alert"] for rule in RULES]


async def test_the_pages_ask_for_metrics_that_there_are(stage: Stage) -> None:
    there = (await scrape(stage.app.served_at)).names()
    asked = "\n".join(block.text for block in BLOCKS if block.language == "promql")
    assert len(re.findall(r"doppel_", asked)) > 8
    said = "\n".join(word for each in PAGES.values() for word in each.words)
    for name in re.findall(r"\bdoppel_[a-z_]+", f"{asked}\n{said}"):
        assert re.sub(r"_(total|bucket|sum|count)$", "", name) in there, name
    # Any other name before a brace or a range is a metric, too.
    for name in re.findall(r"\b([a-z_]+)(?=[{\[])", asked):
        assert name.startswith("doppel_") or name in OF_PROMETHEUS, name


def test_each_service_level_has_its_question() -> None:
    section = MONITOR.section("Service levels")
    levels = re.split(r"(?m)^\*\*", section)[1:]
    assert len(levels) == 4
    for level in levels:
        assert "```promql" in level


def test_the_new_names_of_metrics_exist_and_the_old_ones_are_gone() -> None:
    # Some metrics exist on Postgres only, so this looks into the code.
    code = "".join(path.read_text() for path in (ROOT / "bot/ops").glob("*.py"))
    rows = re.findall(r"(?m)^\| (`.+) \| (`.+) \|$", page("docs/upgrading.md").section("From 0.1.0 to 0.2.0"))
    assert len(rows) > 10
    for old, new in rows:
        for names, is_there in ((old, False), (new, True)):
            for name in re.findall(r"`([a-z_]+?)(?:_total)?`", names):
                assert (f'"doppel_{name}"' in code) is is_there, name
