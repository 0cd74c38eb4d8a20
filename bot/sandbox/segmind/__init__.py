"""A local Segmind, faithful on the wire: for the sandbox, for the tests, and for the official SDK."""

from bot.sandbox.segmind.engine import CannotRender, Engine, Rendering
from bot.sandbox.segmind.faults import FAULT_HEADER, Fault, Faults, Trouble
from bot.sandbox.segmind.request_store import Submission
from bot.sandbox.segmind.server import LocalSegmind, PortInUse
from bot.sandbox.segmind.stamp import StampEngine

__all__ = [
    "FAULT_HEADER",
    "CannotRender",
    "Engine",
    "Fault",
    "Faults",
    "LocalSegmind",
    "PortInUse",
    "Rendering",
    "StampEngine",
    "Submission",
    "Trouble",
]
