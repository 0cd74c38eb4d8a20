"""Dependencies are pinned with hashes, and named with their licences."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "requirements"
LOCKS = sorted(FOLDER.glob("*.lock"))
NOTICE = (ROOT / "NOTICE").read_text()


def packages(lock: Path) -> dict[str, str]:
    """Each pinned package, with all that belongs to its pin."""
    text = lock.read_text()
    pins = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {match[1]: pin for pin in pins if (match := re.match(r"([a-z0-9._-]+)(?:\[.*?\])?==", pin))}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_with_hashes_and_without_an_address(lock: Path) -> None:
    assert packages(lock)
    for name, pin in packages(lock).items():
        assert "--hash=sha256:" in pin, name
    assert "://" not in lock.read_text()
    assert "--index-url" not in lock.read_text()


INSTALLED = ["installer.lock", "build.lock", "base.lock", "sandbox.lock", "extras.lock"]
"""What people install; the rest is for development."""


@pytest.mark.parametrize("name", INSTALLED)
def test_every_package_that_people_install_is_named_with_its_licence(name: str) -> None:
    for package in packages(FOLDER / name):
        assert re.search(rf"^  {re.escape(package)} +\S", NOTICE, re.MULTILINE), package


def test_a_name_in_the_notice_is_still_one_of_ours() -> None:
    installed = {package for name in INSTALLED for package in packages(FOLDER / name)}
    # The pictures come before the packages.
    packages_named = NOTICE[NOTICE.index("Packages that the bot needs") :]
    assert set(re.findall(r"^  ([a-z0-9._-]+) ", packages_named, re.MULTILINE)) <= installed


def test_development_has_every_extra_in_the_versions_that_people_install() -> None:
    developed = packages(FOLDER / "dev.lock")
    for name in ["base.lock", "sandbox.lock", "extras.lock"]:
        for package, pin in packages(FOLDER / name).items():
            assert pin.split()[0] == developed[package].split()[0], package
