"""The engine's door: takes orders from the event loop and has them done by a few threads."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2

from bot.sandbox.faces.errors import Abandoned, CannotSwap
from bot.sandbox.faces.order import Lifeline, Order, Rendering
from bot.sandbox.faces.pipeline import Bench
from bot.sandbox.faces.recipes import RECIPES


class FaceEngine:
    """Threads do as well as processes here: OpenCV, NumPy and FFmpeg let go of the interpreter's lock."""

    def __init__(self, *, workers: int = 2) -> None:
        self._workers = ThreadPoolExecutor(workers, "faces", initializer=_one_core_each)
        self._benches = threading.local()
        self._lifelines: set[Lifeline] = set()

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Rendering:
        """Cancelling takes a waiting job out of the line, and stops a running one at its next step."""
        if slug not in RECIPES:
            raise CannotSwap(f"The sandbox has no recipe for the model {slug}.")
        lifeline = Lifeline()
        self._lifelines.add(lifeline)
        order = Order(parameters, media, lifeline)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, self._work, slug, order)
        except Abandoned as abandoned:
            raise asyncio.CancelledError from abandoned
        finally:
            lifeline.cut()
            self._lifelines.discard(lifeline)

    async def close(self) -> None:
        """Abandons what is under way and waits for the threads to end."""
        for lifeline in self._lifelines:
            lifeline.cut()
        await asyncio.to_thread(self._workers.shutdown, cancel_futures=True)

    def _work(self, slug: str, order: Order) -> Rendering:
        order.lifeline.check()
        if not hasattr(self._benches, "mine"):
            self._benches.mine = Bench()
        return RECIPES[slug](self._benches.mine, order)


def _one_core_each() -> None:
    cv2.setNumThreads(1)
