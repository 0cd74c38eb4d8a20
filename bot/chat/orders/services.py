"""Services that commands and forms need to place an order."""

from dataclasses import dataclass

from bot.chat.access.consent import Consent
from bot.chat.access.guard import AccessGuard
from bot.chat.background import Background
from bot.chat.orders.attachments import Attachments
from bot.chat.orders.face_sheets import FaceSheets
from bot.chat.orders.last_order import LastOrders
from bot.chat.orders.order_handler import OrderHandler
from bot.chat.orders.reorder import Source
from bot.chat.text import Text
from bot.faces.detection import FaceDetector
from bot.faces.saved_faces import SavedFaces
from bot.jobs.service import JobService
from bot.media.types import Limits
from bot.media.workers import MediaWorkers


@dataclass(frozen=True, slots=True)
class OrderServices:
    """Services of the commands that order."""

    order_handler: OrderHandler
    last_orders: LastOrders
    job_service: JobService
    access_guard: AccessGuard
    consent: Consent
    inputs: Attachments
    face_sheets: FaceSheets
    saved_faces: SavedFaces
    source: Source
    limits: Limits
    """The operator's limits of files."""
    workers: MediaWorkers
    face_detector: FaceDetector | None
    """Finds faces in pictures, if the packages for it are installed."""
    background: Background
    text: Text
