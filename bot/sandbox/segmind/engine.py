"""What the server asks of the engine that makes the pictures."""

from collections.abc import Mapping
from typing import Any, Protocol


class Rendering(Protocol):
    """A finished picture or video, and how close the local engine came to what was asked."""

    @property
    def content(self) -> bytes: ...

    @property
    def media_type(self) -> str: ...

    @property
    def local(self) -> Mapping[str, Any]: ...


class Engine(Protocol):
    """Renders in a pool of its own: the server's loop never waits for a picture."""

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Rendering:
        """`parameters` has no addresses: the bytes behind them are in `media`, by the same names."""
        ...


class CannotRender(Exception):
    """The message is a sentence for the person who asked."""
