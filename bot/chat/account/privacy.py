"""Members' control over their data: the policy, an export, the deletion and the opt-out."""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from re import Match
from typing import Any, Self

import discord
from discord import ui

from bot.chat.access.consent import Consent
from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY
from bot.chat.shared import Shared
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.card import DARK, GREEN, RED, credits_words
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.pagination import NotYours
from bot.chat.ui.uploads import upload
from bot.faces.face import Face, FacesOff, NoSuchFace, UnreadableFace
from bot.faces.saved_faces import SavedFaces
from bot.ledger.allowance import DAY
from bot.moderation.member_data import Holdings, RetentionPeriods

ARCHIVE = "doppel.zip"


class Privacy:
    """Answers `/privacy` and the button that confirms the deletion."""

    def __init__(
        self, shared: Shared, saved_faces: SavedFaces, consent: Consent, periods: RetentionPeriods
    ) -> None:
        self._people = shared.store.member_data
        self._moderation_store = shared.store.moderation
        self._saved_faces = saved_faces
        self._consent = consent
        self._periods = periods
        self._policy_url = shared.settings.consent.policy_url
        self._text = shared.text
        self._clock = shared.clock

    async def press(self, interaction: Interaction, button: "ForgetButton") -> None:
        await interaction.response.defer()
        if interaction.user.id != button.user_id:
            raise NotYours
        view = await self.forget(button.user_id)
        await interaction.edit_original_response(view=view, allowed_mentions=NOBODY)

    def policy(self) -> InfoCard:
        text = self._text
        periods = self._periods
        lines = [
            text("privacy.orders", days=f"{periods.jobs:g}"),
            text("privacy.credits"),
            text("privacy.decisions", days=f"{periods.audit_entries:g}"),
            text("privacy.prints", days=f"{periods.jobs:g}"),
            text("privacy.avatar", days=f"{periods.jobs:g}"),
            text("privacy.segmind"),
            text("privacy.yours"),
        ]
        buttons: list[ui.Item[Any]] = []
        if self._policy_url is not None:
            buttons.append(ui.Button(label=text("consent.policy"), url=self._policy_url))
        return InfoCard(text("privacy.title"), lines, text, buttons=buttons)

    async def export(self, user_id: int) -> tuple[InfoCard, discord.File]:
        about = await self._people.export(user_id)
        faces, unreadable = await self._load_faces(user_id)
        content = await asyncio.to_thread(_zip, about, faces)
        text = self._text
        small = [text("privacy.closed_faces", count=unreadable)] if unreadable else []
        view = InfoCard(
            text("privacy.export_title"),
            [text("privacy.export_note")],
            text,
            small=small,
            rows=[ui.File(f"attachment://{ARCHIVE}")],
        )
        return view, upload(content, ARCHIVE)

    async def ask_to_forget(self, user_id: int) -> InfoCard:
        text = self._text
        lines = [
            text("privacy.delete_what"),
            self._lost_credits(await self._people.holdings(user_id)),
            text("privacy.delete_kept"),
            text("privacy.delete_messages"),
        ]
        button = ForgetButton(user_id, text("privacy.delete_button"))
        return InfoCard(text("privacy.delete_title"), lines, text, buttons=[button], colour=RED)

    async def forget(self, user_id: int) -> InfoCard:
        strikes_since = self._clock.now() - self._periods.strikes * DAY
        await self._people.forget(user_id, strikes_since=strikes_since)
        await self._saved_faces.forget(user_id)
        self._consent.forget(user_id)
        text = self._text
        return InfoCard(text("privacy.deleted_title"), [text("privacy.deleted")], text, colour=DARK)

    async def set_opted_out(self, user_id: int, out: bool) -> InfoCard:
        await self._moderation_store.set_opted_out(user_id, out)
        text = self._text
        line = text("privacy.opted_out") if out else text("privacy.opted_in")
        return InfoCard(text("admin.done"), [line], text, colour=GREEN)

    def _lost_credits(self, holdings: Holdings) -> str:
        if not holdings.granted:
            return self._text("privacy.delete_nothing")
        return self._text("privacy.delete_credits", credits=credits_words(holdings.granted, self._text))

    async def _load_faces(self, user_id: int) -> tuple[Mapping[str, tuple[Face, bytes]], int]:
        """Return the saved faces as files, and how many of them cannot be decrypted."""
        files: dict[str, tuple[Face, bytes]] = {}
        unreadable = 0
        for number, face in enumerate(await self._saved_faces.all_of(user_id), 1):
            try:
                found = await self._saved_faces.find(user_id, face.name)
            except (UnreadableFace, FacesOff):
                unreadable += 1
            except NoSuchFace:
                # It was deleted or expired a moment ago.
                continue
            else:
                # Members choose the names, which must not become paths in the archive.
                name = re.sub(r"[^\w -]", "_", face.name)
                files[f"faces/{number}-{name}{Path(found.filename).suffix}"] = face, found.content
        return files, unreadable


def _zip(about: Mapping[str, Any], faces: Mapping[str, tuple[Face, bytes]]) -> bytes:
    listed = [{"file": name, **asdict(face)} for name, (face, _) in faces.items()]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doppel.json", json.dumps({**about, "faces": listed}, indent=2, ensure_ascii=False))
        for name, (_, content) in faces.items():
            archive.writestr(name, content)
    return file.getvalue()


class ForgetButton(StatefulButton, template=r"forget:(?P<user>\d{1,20})"):
    """Button that confirms the deletion of a member's data."""

    def __init__(self, user_id: int, label: str) -> None:
        super().__init__(label, f"forget:{user_id}", discord.ButtonStyle.danger)
        self.user_id = user_id

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(int(match["user"]), label)
