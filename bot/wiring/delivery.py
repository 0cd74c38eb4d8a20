"""The delivery side: the messages, cards and files through which members follow their jobs."""

from collections.abc import Callable

from bot.chat.background import Background
from bot.chat.client import Doppel
from bot.chat.delivery.batch_cards import BatchCards
from bot.chat.delivery.live_reply import LiveReplies
from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.delivery.result_file import Results
from bot.chat.messages import Messages
from bot.chat.orders.original_preview import MAX_BYTES, OriginalPreviews
from bot.chat.text import Text
from bot.clock import Clock
from bot.faces.detection import AgeEstimator
from bot.faces.saved_faces import SavedFaces
from bot.media.signing import C2paSigner
from bot.media.types import Limits
from bot.media.workers import MediaWorkers
from bot.moderation.strikes import Strikes
from bot.registry import ModelRegistry
from bot.settings import Settings, SettingsError
from bot.store import SqlStore
from bot.wiring.factories import access_rules_of, face_cipher_of


class DeliveryParts:
    """Parts that moderation, orders and the dashboard share with the delivery of results."""

    def __init__(
        self,
        settings: Settings,
        client: Doppel,
        store: SqlStore,
        *,
        models: ModelRegistry,
        text: Text,
        clock: Clock,
        workers: MediaWorkers,
        c2pa_signer: C2paSigner | None,
        is_throttled: Callable[[], bool],
        age_estimator: AgeEstimator | None = None,
    ) -> None:
        """Raises `SettingsError` if the settings need an `age_estimator` and there is none."""
        if settings.safety.min_age is not None and age_estimator is None:
            raise SettingsError(["safety.min_age needs the face detection: install the lock `sandbox`"])
        self.client, self.models, self.text, self.clock = client, models, text, clock
        self.cards = {slug: model.card for slug, model in models.items()}
        self.background = Background()
        self.workers = workers
        # The section and the class have the same fields.
        safety = settings.safety
        self.limits = Limits(
            **settings.uploads.model_dump(), explicit=safety.explicit, doubtful=safety.doubtful
        )
        section = settings.faces
        self.saved_faces = SavedFaces(
            store.faces,
            face_cipher_of(settings),
            clock,
            days=section.days,
            per_member=section.per_member,
        )
        self.messages = Messages(client, clock, store.moderation)
        self.results = Results(
            self.cards,
            text,
            workers,
            c2pa_signer,
            explicit=safety.explicit,
            doubtful=safety.doubtful,
            min_age=safety.min_age,
            age_estimator=age_estimator,
            **settings.marks.model_dump(),
        )
        self.original_previews = OriginalPreviews(
            text, clock, max_bytes=MAX_BYTES * settings.card.before_and_after
        )
        batch_cards = BatchCards(self.messages, store.find_batch, models, text, clock)
        result_delivery = ResultDelivery(
            messages=self.messages,
            results=self.results,
            models=models,
            text=text,
            original_previews=self.original_previews,
            batch_cards=batch_cards,
            rules=store,
            strike_of=Strikes(store.moderation, access_rules_of(settings)).of,
        )
        self.replies = LiveReplies(
            messages=self.messages,
            result_delivery=result_delivery,
            batch_cards=batch_cards,
            background=self.background,
            models=models,
            text=text,
            clock=clock,
            gap=settings.discord.edit_gap,
            owns=store.owns,
            show_again=store.show_again,
            is_throttled=is_throttled,
        )
