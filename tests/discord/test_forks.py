"""Forks print nothing that a program in a process of its own does not print."""

from pathlib import Path

from tests.discord.program import forked_program


async def test_a_media_worker_starts_without_a_warning(tmp_path: Path) -> None:
    async with forked_program(cwd=tmp_path, environment={}, module="bot.media.worker.child") as worker:
        # Its requests have ended before the first one.
        await worker.end()
    assert "EOFError" in worker.output
    assert "Warning" not in worker.output
