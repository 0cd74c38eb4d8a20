"""Local face engine: swaps faces on the CPU, offline, for the sandbox."""

from bot.sandbox.faces.engine import FaceEngine
from bot.sandbox.faces.errors import CannotSwap

__all__ = ["CannotSwap", "FaceEngine"]
