"""Shows a member which faces two pictures have, so that they choose which face goes where."""

from collections.abc import Sequence
from dataclasses import replace

from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.orders.attachments import Unusable, Upload
from bot.chat.orders.faces.face_sheets import FacePhotos
from bot.chat.orders.faces.saved_faces import SavedFile, with_face
from bot.chat.orders.forms.pairs_card import PairsCard
from bot.chat.orders.forms.swap_form import PlaceOrder, SwapRequest
from bot.chat.orders.services import OrderServices
from bot.chat.ui.replies import defer_ephemeral, report_errors, send_deferred
from bot.chat.ui.uploads import AttachedFile
from bot.media import operations
from bot.media.face_sheets.layout import tile_boxes
from bot.media.types import NoPicture, SmallCopy


class FacePicker:
    """Sends the preview, whose card places the order with the pairs that the member chose."""

    def __init__(self, services: OrderServices, place_order: PlaceOrder) -> None:
        self._services = services
        self._place_order = place_order

    async def offer(self, interaction: Interaction, request: SwapRequest) -> None:
        """Show the preview. If no faces are found, the request can still be sent as it is."""
        services = self._services

        async def offer_again(agreement: Interaction) -> None:
            await self.offer(agreement, request)

        if not await services.consent.ensure_consent(interaction, offer_again):
            return
        await defer_ephemeral(interaction)
        # Detection takes longer than Discord waits for a handler.
        services.background.spawn(report_errors(interaction, lambda: self._offer(interaction, request)))

    async def _offer(self, interaction: Interaction, request: SwapRequest) -> None:
        services, model = self._services, request.path.model
        await services.access_guard.admit(interaction)
        values = await with_face(services.saved_faces, interaction.user.id, model, request.values)
        source, target = await self._read(interaction, replace(request, values=values))
        photos, picture = values[model.face_slot()], values[model.target_slot()]
        if sheet := isinstance(photos, FacePhotos):
            faces = tile_boxes(len(photos.photos))
            names = [_name(each) for each in photos.photos]
        else:
            faces = await services.face_sheets.find_faces(model.face_slot(), photos, source.content)
            names = [""] * len(faces)
        places = await services.face_sheets.find_faces(model.target_slot(), picture, target.content)
        drawn = await services.workers.results.run(
            operations.draw_face_numbers, source.content, faces, target.content, places, sheet=sheet
        )
        alt = services.text("picker.alt", sources=len(faces), targets=len(places))
        preview = AttachedFile(drawn, "faces.jpg", alt)
        card = PairsCard(
            replace(request, values=values),
            preview,
            faces=names,
            places=len(places),
            place_order=self._place_order,
            text=services.text,
        )
        await send_deferred(interaction, card.view(), preview.file())

    async def _read(self, interaction: Interaction, request: SwapRequest) -> Sequence[SmallCopy]:
        """Read the face and the target, and return small copies of them."""
        services, model, member = self._services, request.path.model, member_of(interaction)
        slots, limits = model.slots(), services.limits
        given = {name: request.values[name] for name in (model.face_slot(), model.target_slot())}
        files = await services.face_sheets.ready(given, slots, member, limits)
        found = [
            await services.inputs.inspect(name, slots[name], file, limits, member_id=member.user_id)
            for name, file in files.items()
        ]
        named = {name: each.fingerprint for name, each in zip(files, found, strict=True)}
        await services.access_guard.admit_inputs(member, named)
        copies: list[SmallCopy] = []
        for (name, file), each in zip(files.items(), found, strict=True):
            if each.small_copy is None:
                raise Unusable(name, file.filename, NoPicture())
            copies.append(each.small_copy)
        return copies


def _name(photo: Upload) -> str:
    return photo.face.name if isinstance(photo, SavedFile) else photo.filename
