"""Limits of a media worker."""

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Limits of each call, after which the child is killed, and of the child's life."""

    cpu_seconds: int = 8
    """CPU time of all threads of the child."""
    wall_seconds: float = 20
    """Elapsed time: more than the CPU time, because other programs use the machine too."""
    memory: int = 320 * MIB
    """Address space beyond the loaded modules and the files of the call."""
    preload: tuple[str, ...] = ("PIL.Image", "av")
    """Modules to load before the first call, so that their memory does not count."""
    idle_seconds: float = 300
    """A child that is not needed for so long gives its memory back."""
    calls: int = 500
    """Then a new child starts, so that no leak of a decoder lasts."""
