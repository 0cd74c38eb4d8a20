"""Local Segmind server with the real wire format, for the sandbox, the tests and the official SDK."""

from bot.sandbox.segmind.engine import CannotRender, Engine, Rendering
from bot.sandbox.segmind.faults.fault import Fault, FaultKind
from bot.sandbox.segmind.faults.script import FAULT_HEADER, Faults
from bot.sandbox.segmind.request_store import Submission
from bot.sandbox.segmind.server import LocalSegmind, PortInUse
from bot.sandbox.segmind.stamp import StampEngine

__all__ = [
    "FAULT_HEADER",
    "CannotRender",
    "Engine",
    "Fault",
    "FaultKind",
    "Faults",
    "LocalSegmind",
    "PortInUse",
    "Rendering",
    "StampEngine",
    "Submission",
]
