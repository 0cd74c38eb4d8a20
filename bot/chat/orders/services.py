"""Services that commands and forms need to place an order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from bot.chat.access.consent import Consent
from bot.chat.access.guard import AccessGuard
from bot.chat.contexts import Contexts
from bot.chat.orders.attachments import Attachments, Uploads
from bot.chat.orders.face_form import FaceForms
from bot.chat.orders.faces.face_sheets import FaceSheets
from bot.chat.orders.last_order import LastOrders
from bot.chat.orders.order_handler import OrderHandler
from bot.chat.orders.original_preview import OriginalPreviews
from bot.chat.orders.preparation import OrderPreparation
from bot.chat.orders.reorder import PreviousInputs, Source
from bot.chat.shared import Shared
from bot.faces.detection import FaceDetector
from bot.faces.saved_faces import SavedFaces
from bot.jobs.service import JobService
from bot.media.types import Limits
from bot.media.workers import MediaWorkers
from bot.moderation.access import AccessPolicy
from bot.moderation.avatars import AvatarPolicy

if TYPE_CHECKING:
    from bot.faces.cipher import FaceCipher


class Segmind(Uploads, Source, Protocol):
    """The part of the Segmind client that uploads and downloads files."""


class OrderServices:
    """Services of the commands that order."""

    def __init__(
        self,
        shared: Shared,
        segmind: Segmind,
        *,
        job_service: JobService,
        access_policy: AccessPolicy,
        avatar_policy: AvatarPolicy,
        original_previews: OriginalPreviews,
        workers: MediaWorkers,
        face_detector: FaceDetector | None,
    ) -> None:
        """`face_detector` finds faces in pictures, if the packages for it are installed."""
        settings, store = shared.settings, shared.store
        self.text, self.background = shared.text, shared.background
        self.source: Source = segmind
        self.job_service, self.workers, self.face_detector = job_service, workers, face_detector
        self.consent = Consent(shared, access_policy)
        # The section and the class have the same fields.
        self.limits = Limits(
            **settings.uploads.model_dump(),
            explicit=settings.safety.explicit,
            doubtful=settings.safety.doubtful,
        )
        contexts = Contexts(settings.contexts)
        self.access_guard = AccessGuard(access_policy, avatar_policy, store.moderation, contexts)
        self.saved_faces = SavedFaces(
            store.faces,
            _cipher(settings.faces.keys),
            shared.clock,
            days=settings.faces.days,
            per_member=settings.faces.per_member,
        )
        self.inputs = Attachments(segmind, workers, links=settings.segmind.inputs == "link")
        self.face_sheets = FaceSheets(self.inputs, self.access_guard, workers, face_detector)
        self.order_handler = OrderHandler(
            shared,
            preparation=OrderPreparation(
                job_service=job_service,
                access_guard=self.access_guard,
                inputs=self.inputs,
                face_sheets=self.face_sheets,
                saved_faces=self.saved_faces,
                original_previews=original_previews,
                limits=self.limits,
            ),
            job_service=job_service,
            access_guard=self.access_guard,
            consent=self.consent,
            face_forms=FaceForms(shared, self.saved_faces, job_service),
        )
        self.previous_inputs = PreviousInputs(segmind)
        self.last_orders = LastOrders(shared, job_service, self.order_handler, self.previous_inputs)


def _cipher(keys: Sequence[str]) -> "FaceCipher | None":
    """Cipher of saved faces, or None if the operator has set no key, so that nobody can save a face."""
    if not keys:
        return None
    # A bot without saved faces does not load the cryptography.
    from bot.faces.cipher import FaceCipher  # noqa: PLC0415

    return FaceCipher(keys)
