"""This machine: its browser and its time zone, as far as it has them."""

import asyncio
import os
import sys
import webbrowser
from zoneinfo import ZoneInfo


async def show(address: str) -> None:
    """Open the browser, where there is a screen: without one, a text browser would take the terminal."""
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        await asyncio.to_thread(webbrowser.open, address)


def local_timezone() -> str:
    """The name of the time zone; UTC where the machine does not tell."""
    named = os.environ.get("TZ") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    try:
        return ZoneInfo(named).key
    except (ValueError, OSError, LookupError):
        return "UTC"
