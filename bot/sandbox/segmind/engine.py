"""Interface between the server and the engine that renders pictures and videos."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Rendering:
    """A finished picture or video; `local` says how closely the engine followed the parameters."""

    content: bytes = field(repr=False)
    media_type: str
    local: Mapping[str, Any]


class Engine(Protocol):
    """Renders outside the event loop, so that the server never blocks on a picture."""

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Rendering:
        """Render a request; `media` has the bytes of each file parameter, by parameter name."""
        ...


class CannotRender(Exception):
    """A request that cannot be rendered. The message is a sentence for the API's user."""
