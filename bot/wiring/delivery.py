"""The part of Discord's side that jobs need: it delivers results, after a gate that may withhold them."""

from collections.abc import Callable

from bot.chat.delivery.batch_cards import BatchCards
from bot.chat.delivery.live_reply import LiveReplies
from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.delivery.result_file import Results
from bot.chat.moderation.approval_requests import ApprovalRequester
from bot.chat.moderation.mod_log import ModLog
from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.moderation.result_gate import ModeratingWatcher
from bot.chat.orders.original_preview import MAX_BYTES, OriginalPreviews
from bot.chat.shared import Shared
from bot.faces.detection import AgeEstimator
from bot.media.signing import C2paSigner
from bot.media.workers import MediaWorkers
from bot.moderation.access import AccessPolicy
from bot.moderation.avatars import AvatarPolicy
from bot.moderation.strikes import Strikes
from bot.settings import SettingsError
from bot.wiring.factories import access_rules_of


class DeliveryParts:
    """`watcher` and `operators` are for the jobs, and the rest is for the commands."""

    def __init__(
        self,
        shared: Shared,
        workers: MediaWorkers,
        c2pa_signer: C2paSigner | None,
        *,
        is_throttled: Callable[[], bool],
        age_estimator: AgeEstimator | None,
    ) -> None:
        """Raises `SettingsError` if the settings need an `age_estimator` and there is none."""
        settings, store, text, clock = shared.settings, shared.store, shared.text, shared.clock
        safety = settings.safety
        if safety.min_age is not None and age_estimator is None:
            raise SettingsError(["safety.min_age needs the face detection: install the lock `sandbox`"])
        self.workers = workers
        self.results = Results(
            shared.cards,
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
        rules = access_rules_of(settings)
        batch_cards = BatchCards(shared)
        result_delivery = ResultDelivery(
            shared, self.results, self.original_previews, batch_cards, Strikes(store.moderation, rules).of
        )
        self.replies = LiveReplies(shared, result_delivery, batch_cards, is_throttled)
        self.operators = OperatorAlerts(
            settings.discord.operators, client=shared.client, background=shared.background, text=text
        )
        self.approval_requester = ApprovalRequester(shared, self.results, self.operators.show)
        self.access_policy = AccessPolicy(store.moderation, store, rules, clock)
        self.avatar_policy = AvatarPolicy(store.moderation, store.avatars)
        self.mod_log = ModLog(shared, self.results)
        self.watcher = ModeratingWatcher(
            shared,
            self.replies,
            access_policy=self.access_policy,
            avatar_policy=self.avatar_policy,
            results=self.results,
            mod_log=self.mod_log,
            approval_requester=self.approval_requester,
        )
