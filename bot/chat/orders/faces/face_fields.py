"""The fields of a form that take the face: an upload, and the saved faces to pick from."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.chat.file_types import MediaUpload
from bot.chat.orders.faces.face_sheets import FacePhotos
from bot.chat.orders.slash_command import saved_face_options
from bot.chat.text import Text
from bot.chat.ui.replies import LABEL_LIMIT
from bot.faces.face import Face
from bot.media_kind import MediaKind
from bot.models import FaceModel

# Discord's limit for a select.
CHOICES = 25


class TooManyPeople(Exception):
    """More faces than the model takes."""

    def __init__(self, given: int, most: int) -> None:
        super().__init__(given, most)
        self.given = given
        self.most = most


class FaceFields:
    """Upload of faces and, for a member who has saved some, a select."""

    def __init__(self, faces: Sequence[Face], text: Text, *, most: int) -> None:
        """`most` is the number of people whose faces one order takes."""
        self._upload = MediaUpload("face", {MediaKind.PICTURE}, required=not faces, max_values=most)
        self._saved = _saved_field(faces, most) if faces else None
        self._text = text
        self._note = text("face_form.several", most=most) if most > 1 else None

    def labels(self) -> list[ui.Label[Any]]:
        key = "swap.face" if self._saved is None else "swap.face_or"
        label = self._text(key)[:LABEL_LIMIT]
        labels: list[ui.Label[Any]] = [ui.Label(text=label, description=self._note, component=self._upload)]
        if self._saved is not None:
            labels.append(ui.Label(text=self._text("swap.saved")[:LABEL_LIMIT], component=self._saved))
        return labels

    def values(self, model: type[FaceModel]) -> dict[str, Any]:
        """The chosen faces, as an order takes them: first the attached ones, then the saved ones."""
        attached = self._upload.values
        saved = [] if self._saved is None else self._saved.values
        options, most = saved_face_options(model), model.card.faces
        if attached and most == 1:
            # The default face is preselected, so an attached file wins over a saved face.
            saved = []
        if len(attached) + len(saved) > most:
            raise TooManyPeople(len(attached) + len(saved), most)
        if not attached:
            return dict(zip(options, saved, strict=False))
        face = attached[0] if len(attached) == 1 else FacePhotos(tuple(attached))
        return {model.face_slot(): face, **dict(zip(options[1:], saved, strict=False))}


def _saved_field(faces: Sequence[Face], most: int) -> ui.Select[Any]:
    options = [
        discord.SelectOption(label=face.name, value=face.name, default=face.is_default)
        for face in faces[:CHOICES]
    ]
    return ui.Select(
        custom_id="saved",
        options=options,
        required=False,
        min_values=0,
        max_values=min(most, len(options)),
    )
