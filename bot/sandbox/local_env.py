"""The browser and the time zone of this machine."""

import asyncio
import os
import sys
import webbrowser
from zoneinfo import ZoneInfo


async def open_browser(address: str) -> None:
    """Open the browser if there is a screen; without one, a text browser would take over the terminal."""
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        await asyncio.to_thread(webbrowser.open, address)


def local_timezone() -> str:
    """Return the name of the local time zone, or UTC if it is unknown."""
    named = os.environ.get("TZ") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    try:
        return ZoneInfo(named).key
    except (ValueError, OSError, LookupError):
        return "UTC"
