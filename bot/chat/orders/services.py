"""Everything that commands and forms need to take an order."""

from dataclasses import dataclass

from bot.chat.access.consent import Consent
from bot.chat.access.guard import Doorkeeper
from bot.chat.background import Background
from bot.chat.orders.attachments import Inputs
from bot.chat.orders.order_handler import Intake
from bot.chat.orders.reorder import Source
from bot.chat.text import Text
from bot.faces.detection import Spotter
from bot.faces.saved_faces import Album
from bot.jobs.service import Desk


@dataclass(frozen=True, slots=True)
class OrderServices:
    """Services of the commands that order."""

    intake: Intake
    desk: Desk
    doorkeeper: Doorkeeper
    consent: Consent
    inputs: Inputs
    album: Album
    source: Source
    spotter: Spotter | None
    """Finds faces in pictures, where the packages for it are installed."""
    background: Background
    text: Text
