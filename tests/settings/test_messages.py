"""Wrong settings are explained to the operator in one sentence."""

from pathlib import Path

import pytest

from bot.settings import SettingsError, load
from tests.settings.loading import SECRET, complaint, written


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[jobs]\nper_member = 0", "jobs.per_member in {} is 0, but must be a whole number from 1 to 1_000."),
        ("[jobs]\nper_member = true", "jobs.per_member in {} is True, but must be a whole number"),
        ('[jobs]\nper_member = "2"', "jobs.per_member in {} is '2', but must be a whole number"),
        ("[jobs]\npace = nan", "jobs.pace in {} is nan, but must be a number from 0.01 to 10."),
        ('[segmind]\ninputs = "bytes"', "segmind.inputs in {} is 'bytes', but must be one of link, upload."),
        (
            '[uploads]\npicture_bytes = "20 apples"',
            "uploads.picture_bytes in {} is '20 apples', but must be a size such as 20 MiB, from 1 KiB to",
        ),
        ("[jobs]\nper_membr = 1", "jobs.per_membr in {} is not a setting (did you mean jobs.per_member?)."),
        ("[jobs]\nretries = 1", "jobs.retries in {} is not a setting (did you mean segmind.retries?)."),
        ("per_member = 1", "per_member in {} is not a setting (did you mean jobs.per_member?)."),
        ("[job]\nper_member = 1", "[job] in {} is not a section (did you mean [jobs]?)."),
        ("jobs = 1", "jobs in {} is 1, but must be a section: [jobs]."),
        ("[jobs\n", "{} is not valid TOML: "),
        ("[discord]\nguild_id = 0", "discord.guild_id in {} is 0, but must be the id of a server"),
        (f'[segmind]\ninputs = "{"x" * 200}"', f"segmind.inputs in {{}} is '{'x' * 79}…, but must be"),
    ],
)
def test_a_wrong_file_is_explained_with_the_key_as_written(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    assert complaint(path).startswith(told.format(path))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DOPPEL_JOBS_PER_MEMBER", "DOPPEL_JOBS__PER_MEMBER"),
        ("DOPPEL_JOB__PER_MEMBER", "DOPPEL_JOBS__PER_MEMBER"),
        ("doppel_jobs__per_member", "DOPPEL_JOBS__PER_MEMBER"),
        ("DOPPEL_CONFG", "DOPPEL_CONFIG"),
        ("DOPPEL_DISCORD_TOKEN", "DOPPEL_DISCORD__TOKEN"),
        ("DISCORD_TOKN", "DISCORD_TOKEN"),
        ("SEGMIND_BASEURL", "SEGMIND_BASE_URL"),
    ],
)
def test_a_misspelt_variable_is_reported_with_the_right_name(name: str, meant: str) -> None:
    message = complaint(environ={name: SECRET})
    assert message == f"{name} is not a setting (did you mean {meant}?)."


def test_variables_of_other_programs_are_left_alone() -> None:
    others = {"PATH": "x", "DISCORD_WEBHOOK": "x", "DATABASE_URI": "x", "DATABASE_URL": "sqlite:///x"}
    assert load(environ=others).database.shown == "sqlite:///x"


def test_a_misspelt_name_among_the_secrets_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "", f"DISCORD_TOCKEN={SECRET}")
    assert complaint(path) == (
        f"DISCORD_TOCKEN in {path.with_name('secrets.env')} is not a setting (did you mean DISCORD_TOKEN?)."
    )


@pytest.mark.parametrize("line", [SECRET, f"{SECRET}==", f"'{SECRET}", f"DISCORD_TOKEN={SECRET} {SECRET}"])
def test_a_line_that_is_no_setting_is_named_by_its_number_and_never_repeated(
    tmp_path: Path, line: str
) -> None:
    message = complaint(written(tmp_path, "", f"# mine\n\n{line}\n"))
    assert SECRET not in message
    assert message.startswith(("line 3 of ", "DISCORD_TOKEN in "))


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    gone = tmp_path / "gone.toml"
    assert complaint(gone) == f"{gone} is named as the settings' file, but there is no such file."
    assert complaint(environ={"DOPPEL_CONFIG": str(gone)}) == (
        f"DOPPEL_CONFIG names {gone}, but there is no such file."
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "doppel.toml"
    path.write_bytes(b"\xff\xfe")
    assert complaint(path) == f"{path} is not text in UTF-8."
    path.write_text("")
    path.with_name("secrets.env").mkdir()
    assert complaint(path) == f"{path.with_name('secrets.env')} cannot be read: Is a directory."


def test_of_several_mistakes_the_first_is_named_and_the_others_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "[jobs]\nper_member = 0")
    assert complaint(path, {"DOPPEL_X": "1"}).endswith("from 1 to 1_000; one more setting is wrong.")
    with pytest.raises(SettingsError) as caught:
        load(path, {"DOPPEL_X": "1", "DOPPEL_JOBS__PACE": "0"})
    assert str(caught.value).endswith("; 2 more settings are wrong.")
    assert len(caught.value.problems) == 3
