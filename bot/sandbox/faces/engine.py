"""Face engine: renders orders in a few threads, outside the event loop."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2

from bot.sandbox.faces.errors import CannotSwap, RenderCancelled
from bot.sandbox.faces.order import CancelToken, Order
from bot.sandbox.faces.pipeline import Pipeline
from bot.sandbox.faces.recipes import RECIPES
from bot.sandbox.segmind.engine import Rendering


class FaceEngine:
    """Renders in threads, which run in parallel because OpenCV, NumPy and FFmpeg release the GIL."""

    def __init__(self, *, workers: int = 2) -> None:
        self._workers = ThreadPoolExecutor(workers, "faces", initializer=_limit_opencv_threads)
        self._pipelines = threading.local()
        self._cancel_tokens: set[CancelToken] = set()

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Rendering:
        """Render an order. Cancelling removes a waiting order, and stops a running one at its next step."""
        if slug not in RECIPES:
            raise CannotSwap(f"The sandbox has no recipe for the model {slug}.")
        cancel_token = CancelToken()
        self._cancel_tokens.add(cancel_token)
        order = Order(parameters, media, cancel_token)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, self._work, slug, order)
        except RenderCancelled as abandoned:
            raise asyncio.CancelledError from abandoned
        finally:
            cancel_token.cancel()
            self._cancel_tokens.discard(cancel_token)

    async def close(self) -> None:
        """Cancel all orders and wait for the threads to end."""
        for cancel_token in self._cancel_tokens:
            cancel_token.cancel()
        await asyncio.to_thread(self._workers.shutdown, cancel_futures=True)

    def _work(self, slug: str, order: Order) -> Rendering:
        order.cancel_token.check()
        if not hasattr(self._pipelines, "mine"):
            self._pipelines.mine = Pipeline()
        return RECIPES[slug](self._pipelines.mine, order)


def _limit_opencv_threads() -> None:
    cv2.setNumThreads(1)
