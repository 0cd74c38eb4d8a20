"""`/face`: a member's saved faces, for the option `face` of every model."""

from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import Doppel
from bot.chat.file_types import file_type_extras
from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.orders.faces.saved_faces import (
    chosen_card,
    deleted_card,
    face_card,
    face_choices,
    face_picture,
    faces_card,
    saved_card,
)
from bot.chat.orders.services import OrderServices
from bot.chat.ui.replies import defer_ephemeral, report_errors, send_deferred
from bot.faces.detection import require_one_face
from bot.faces.face import NAME_LIMIT, FacesOff
from bot.media.types import NoPicture
from bot.media_kind import MediaKind
from bot.models import MediaSlot

Name = app_commands.Range[str, 1, NAME_LIMIT]
PICTURE = MediaSlot(frozenset({MediaKind.PICTURE}))


class Faces(
    commands.GroupCog,
    group_name="face",
    group_description="Your saved faces, which only you can use",
):
    """Commands of `/face`."""

    def __init__(self, services: OrderServices) -> None:
        self._services = services
        self._saved_faces = services.saved_faces

    @app_commands.command(
        description="Save a face that only you can see and use",
        extras=file_type_extras(picture={MediaKind.PICTURE}),
    )
    @app_commands.describe(
        name="Name of the face (an existing name is replaced)",
        picture="Picture of one clear face that looks at the camera",
        default="Make it your default face",
    )
    async def save(
        self, interaction: Interaction, name: Name, picture: discord.Attachment, default: bool = False
    ) -> None:
        await self._save(name, picture, default, interaction)

    async def _save(
        self, name: str, picture: discord.Attachment, default: bool, interaction: Interaction
    ) -> None:
        services = self._services
        if not self._saved_faces.enabled:
            raise FacesOff
        # A face is personal data, so it is not read before its member has agreed to the rules.
        if not await services.consent.ensure_consent(
            interaction, partial(self._save, name, picture, default)
        ):
            return
        await defer_ephemeral(interaction)
        save = partial(self._check_and_save, name, picture, default, interaction)
        if services.face_detector is None:
            await save()
        else:
            # Detection takes longer than Discord waits for a handler.
            services.background.spawn(report_errors(interaction, save))

    async def _check_and_save(
        self, name: str, picture: discord.Attachment, default: bool, interaction: Interaction
    ) -> None:
        services = self._services
        await services.access_guard.admit(interaction)
        found = await services.inputs.inspect(
            "picture", PICTURE, picture, services.limits, member_id=interaction.user.id
        )
        await services.access_guard.admit_inputs(member_of(interaction), {"picture": found.fingerprint})
        if found.small_copy is None:
            raise NoPicture
        if (detector := services.face_detector) is not None:
            require_one_face(await services.workers.faces.run(detector, found.small_copy.content))
        face = await self._saved_faces.save(interaction.user.id, name, found.small_copy, default=default)
        await send_deferred(interaction, saved_card(face, services.text))

    @app_commands.command(name="list", description="List your saved faces and when they expire")
    async def list_(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(
            interaction, faces_card(await self._saved_faces.all_of(interaction.user.id), self._services.text)
        )

    @app_commands.command(description="Show one of your saved faces, only to you")
    @app_commands.describe(name="The one to change")
    async def show(self, interaction: Interaction, name: Name) -> None:
        await defer_ephemeral(interaction)
        face = await self._saved_faces.find(interaction.user.id, name)
        picture = face_picture(face, self._services.text)
        await send_deferred(interaction, face_card(face, picture, self._services.text), picture.file())

    @app_commands.command(description="Delete one of your saved faces")
    @app_commands.describe(name="The one to change")
    async def delete(self, interaction: Interaction, name: Name) -> None:
        await defer_ephemeral(interaction)
        await self._saved_faces.delete(interaction.user.id, name)
        await send_deferred(interaction, deleted_card(name, self._services.text))

    @app_commands.command(description="Choose your default face, used when you give no other")
    @app_commands.describe(name="Saved face (leave empty for no default)")
    async def default(self, interaction: Interaction, name: Name | None = None) -> None:
        await defer_ephemeral(interaction)
        await self._saved_faces.choose(interaction.user.id, name)
        await send_deferred(interaction, chosen_card(name, self._services.text))

    @show.autocomplete("name")
    @delete.autocomplete("name")
    @default.autocomplete("name")
    async def _names(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await face_choices(self._saved_faces, interaction, typed)


async def setup(bot: Doppel) -> None:
    await bot.add_cog(Faces(bot.orders))
