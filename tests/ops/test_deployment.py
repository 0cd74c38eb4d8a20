"""Container, systemd, Prometheus and Grafana files only refer to things that exist."""

import json
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import _parser  # pyright: ignore[reportPrivateUsage]
from bot.settings import Settings, load
from tests.harness import Stage
from tests.ops.scrape import scrape

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
UNIT = (DEPLOY / "doppel.service").read_text()
SECRETS = {"DISCORD_TOKEN": "a-token", "SEGMIND_API_KEY": "a-key"}


def load_shipped(given: Mapping[str, str], folder: Path) -> Settings:
    """The shipped settings with this environment, without whatever secrets lie beside them here."""
    return load(Path(shutil.copy(ROOT / "config/doppel.toml", folder)), {**SECRETS, **given})


def parse_file(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text())


COMPOSE: Mapping[str, Any] = {name: parse_file(name) for name in ("compose.yaml", "compose.scaled.yaml")}
BASE: dict[str, dict[str, Any]] = parse_file("base.yaml")["services"]


def merge_extended(service: dict[str, Any]) -> dict[str, Any]:
    """Merge a service with those that it extends, as far as our files need it."""
    if "extends" not in service:
        return service
    base = merge_extended(BASE[service["extends"]["service"]])
    volumes = [*base.get("volumes", []), *service.get("volumes", [])]
    return {**base, **service, "volumes": volumes}


SERVICES = {
    name: merge_extended(each) for file in COMPOSE.values() for name, each in file["services"].items()
}
BOTS = sorted(name for name, service in SERVICES.items() if service.get("build"))


def test_the_image_copies_files_that_exist_and_are_not_ignored() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    names = [name for line in copied for name in line.split()[:-1]]
    assert "requirements" in names
    for name in names:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, name


def test_the_image_and_the_unit_run_existing_commands() -> None:
    health, command = re.findall(r"CMD (\[.+\])", DOCKERFILE)
    assert json.loads(health)[0] == "doppel"
    for words in (json.loads(health)[1:], json.loads(command)):
        _parser().parse_args(words)
    (started,) = re.findall(r"^ExecStart=.* /opt/doppel/\.venv/bin/doppel (.+)$", UNIT, re.MULTILINE)
    _parser().parse_args(shlex.split(started))


def test_every_container_and_the_service_have_limits_that_leave_space_for_the_workers() -> None:
    for name, service in SERVICES.items():
        assert {"mem_limit", "pids_limit"} <= service.keys(), name
    assert {SERVICES[name]["mem_limit"] for name in BOTS} == {"3g"}
    # By default systemd would stop the bot when the kernel ends one of its workers.
    for line in ("MemoryMax=3G", "TasksMax=512", "OOMPolicy=continue"):
        assert f"\n{line}\n" in UNIT


def test_the_image_runs_unprivileged_with_valid_settings(tmp_path: Path) -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    (block,) = re.findall(r"^ENV (PATH=.+?[^\\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)
    given = dict(word.split("=", 1) for word in block.replace("\\\n", " ").split())
    settings = load_shipped(given, tmp_path)
    assert settings.ops.address == ("0.0.0.0", 9100)
    assert settings.database.url.get_secret_value() == "sqlite:////data/doppel.db"


@pytest.mark.parametrize("name", BOTS)
def test_every_bot_of_the_compose_files_is_hardened_and_has_valid_settings(name: str, tmp_path: Path) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["env_file"] == ["../config/secrets.env"]
    environment: dict[str, str] = service["environment"]
    given = {key: value.replace("${POSTGRES_PASSWORD:-}", "word") for key, value in environment.items()}
    settings = load_shipped(given, tmp_path)
    kind = "postgresql+asyncpg" if name.startswith("bot-") else "sqlite"
    assert settings.database.url.get_secret_value().startswith(kind)
    assert (settings.discord.shard_plan is not None) == name.startswith("bot-")


def test_the_compose_files_mount_existing_files_and_contain_no_secret() -> None:
    for name in (*COMPOSE, "base.yaml"):
        text = (DEPLOY / name).read_text()
        assert "DISCORD_TOKEN" not in text
        assert "SEGMIND_API_KEY" not in text
    named = {volume for file in COMPOSE.values() for volume in file["volumes"]}
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in named


def test_two_bots_a_postgres_and_a_prometheus_go_together() -> None:
    assert COMPOSE["compose.scaled.yaml"]["services"].keys() == {"bot-a", "bot-b", "postgres", "prometheus"}
    (job,) = parse_file("prometheus.yml")["scrape_configs"]
    targets = [target for group in job["static_configs"] for target in group["targets"]]
    assert [target.partition(":")[0] for target in targets] == ["bot-a", "bot-b"]
    assert {target.partition(":")[2] for target in targets} == set(
        re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    )


def queried_metrics() -> dict[str, set[str]]:
    """Metrics in the queries of each file."""
    alerts = [rule["expr"] for group in parse_file("alerts.yml")["groups"] for rule in group["rules"]]
    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    charts = [target["expr"] for panel in panels for target in panel["targets"]]
    named = re.compile(r"\bdoppel_[a-z_]+")
    return {
        "alerts": {name for each in alerts for name in named.findall(each)},
        "dashboard": {name for each in charts for name in named.findall(each)},
    }


async def test_alerts_and_dashboard_use_existing_metrics(stage: Stage) -> None:
    there = (await scrape(stage.app.served_at)).names()
    for names in queried_metrics().values():
        assert names
        assert {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in names} <= there


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    for group in parse_file("alerts.yml")["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert rule["annotations"].keys() == {"summary", "do", "runbook"}
