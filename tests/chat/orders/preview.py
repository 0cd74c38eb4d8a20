"""The preview of a group, as a member uses it."""

from collections.abc import Iterator
from typing import Any

import simcord

from tests.chat.admin_harness import said
from tests.chat.orders.forms import open_form
from tests.harness import Reply, Stage, eventually


class Preview:
    """Card with the numbered faces and a dropdown for each place."""

    def __init__(self, stage: Stage, result: simcord.InteractionResult) -> None:
        self._stage = stage
        self.result = result

    @property
    def message(self) -> Any:
        assert self.result.response is not None
        return self.result.response.message

    @property
    def text(self) -> str:
        return said(self.result)

    def selects(self) -> dict[str, dict[str, Any]]:
        assert self.result.response is not None
        return {each["custom_id"]: each for each in _selects(self.result.response.components)}

    def places(self) -> dict[str, str]:
        """Choices for the places that are shown."""
        return {
            name: next(option["label"] for option in select["options"] if option.get("default"))
            for name, select in self.selects().items()
        }

    async def choose(self, place: int, value: str) -> None:
        await self._stage.member.select(self.message, [value], custom_id=f"place:{place}")

    async def press(self, label: str) -> Reply:
        return Reply(self._stage.env, await self._stage.member.click(self.message, label=label))


def _selects(components: Any) -> Iterator[dict[str, Any]]:
    for each in components:
        if each["type"] == 3:
            yield each
        yield from _selects(each.get("components", []))


async def offered(stage: Stage, face: Any, target: tuple[str, bytes], **values: Any) -> Preview:
    """Send the form of `/swap` for a group, and wait for the preview."""
    shown = await open_form(stage)
    values = {"target": target, "path": "group", **values}
    if face is not None:
        values["face"] = face
    result = await stage.member.submit_modal(shown, values)
    await eventually(lambda: result.response and result.response.components, lambda: "no faces are shown")
    return Preview(stage, result)


def indexes(body: Any) -> tuple[str, str, str]:
    return body["source_faces_index"], body["input_faces_index"], body["detection_face_order"]
