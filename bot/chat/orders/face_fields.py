"""The fields of a form that take the face: an upload, and the saved faces to pick from."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.chat.file_types import MediaUpload
from bot.chat.orders.slash_command import FACE
from bot.chat.text import Text
from bot.faces.face import Face
from bot.models import FaceModel, MediaKind

# Discord's limits.
CHOICES, LABEL_LIMIT = 25, 45


class FaceFields:
    """Upload of a face and, for a member who has saved some, a select."""

    def __init__(self, faces: Sequence[Face], text: Text) -> None:
        self._upload = MediaUpload("face", {MediaKind.PICTURE}, required=not faces, max_values=1)
        self._saved = _saved_field(faces) if faces else None
        self._text = text

    def labels(self) -> list[ui.Label[Any]]:
        if self._saved is None:
            return [self._label("swap.face", self._upload)]
        return [self._label("swap.face_or", self._upload), self._label("swap.saved", self._saved)]

    def values(self, model: type[FaceModel]) -> dict[str, Any]:
        """The chosen face, as an order takes it."""
        # The default face is preselected, so an attached file wins over a saved face.
        if self._upload.values:
            return {model.face_slot(): self._upload.values[0]}
        if self._saved is not None and self._saved.values:
            return {FACE: self._saved.values[0]}
        return {}

    def _label(self, key: str, field: ui.Item[Any]) -> ui.Label[Any]:
        return ui.Label(text=self._text(key)[:LABEL_LIMIT], component=field)


def _saved_field(faces: Sequence[Face]) -> ui.Select[Any]:
    options = [
        discord.SelectOption(label=face.name, value=face.name, default=face.is_default)
        for face in faces[:CHOICES]
    ]
    return ui.Select(custom_id="saved", options=options, required=False, min_values=0)
