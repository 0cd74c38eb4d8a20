"""What members see of the bot, put together: the client, its messages and the cards on them."""

from bot.chat.background import Background
from bot.chat.client import Doppel
from bot.chat.delivery.live_reply import LiveReplies
from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.delivery.result_file import Results
from bot.chat.messages import Messages
from bot.chat.orders.original_preview import MAX_BYTES, OriginalPreviews
from bot.chat.text import Text
from bot.clock import Clock
from bot.media.signing import C2paSigner
from bot.registry import ModelRegistry
from bot.settings import Settings
from bot.store import SqlStore
from bot.wiring.factories import file_limits, saved_faces_of


class ChatParts:
    def __init__(
        self,
        settings: Settings,
        client: Doppel,
        store: SqlStore,
        *,
        models: ModelRegistry,
        text: Text,
        clock: Clock,
        c2pa_signer: C2paSigner | None,
    ) -> None:
        self.client = client
        self.models = models
        self.cards = {slug: model.card for slug, model in models.items()}
        self.text = text
        self.clock = clock
        self.background = Background()
        self.limits = file_limits(settings)
        self.saved_faces = saved_faces_of(settings, store.shelf, clock)
        self.messages = Messages(client, clock, store.register.keep_post)
        self.results = Results(self.cards, text, c2pa_signer)
        self.original_previews = OriginalPreviews(
            text, clock, self.limits, max_bytes=MAX_BYTES * settings.card.before_and_after
        )
        self.replies = LiveReplies(
            messages=self.messages,
            result_delivery=ResultDelivery(
                messages=self.messages,
                results=self.results,
                models=models,
                text=text,
                original_previews=self.original_previews,
            ),
            background=self.background,
            models=models,
            text=text,
            clock=clock,
            gap=settings.discord.edit_gap,
        )
