"""Services that jobs need of Discord's side: they deliver results, after a gate that may withhold them."""

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
from bot.moderation.access import AccessPolicy, AccessRules
from bot.moderation.avatars import AvatarPolicy
from bot.moderation.strikes import Strikes


class DeliveryServices:
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
        settings, store, text, clock = shared.settings, shared.store, shared.text, shared.clock
        safety, consent = settings.safety, settings.consent
        rules = AccessRules(
            consent_version=consent.version if consent.required else None,
            age_restricted=safety.nsfw_channels,
            blocked=frozenset(safety.blocked),
            strikes=safety.strikes,
            strike_days=safety.strike_days,
            pause_hours=safety.pause_hours,
            distance=safety.distance,
        )
        self.workers = workers
        self.results = Results(
            settings, shared.cards, text, workers, c2pa_signer, age_estimator=age_estimator
        )
        self.original_previews = OriginalPreviews(
            text, clock, max_bytes=MAX_BYTES * settings.card.before_and_after
        )
        batch_cards = BatchCards(shared)
        result_delivery = ResultDelivery(
            shared, self.results, self.original_previews, batch_cards, Strikes(store.moderation, rules).of
        )
        self.replies = LiveReplies(shared, result_delivery, batch_cards, is_throttled)
        self.operators = OperatorAlerts(
            settings.discord.operators, client=shared.client, background=shared.background, text=text
        )
        self.approval_requester = ApprovalRequester(shared, self.results, self.operators.send_card)
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
