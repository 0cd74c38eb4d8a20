"""The moderation side: access, consent, the log, reports, approvals and members' data."""

from bot.administration.access import AccessAdmin
from bot.chat.access.consent import Consent
from bot.chat.access.guard import AccessGuard
from bot.chat.account.privacy import Privacy
from bot.chat.delivery.undelivered import UndeliveredResults
from bot.chat.moderation.approval_requests import ApprovalRequester
from bot.chat.moderation.approvals import ApprovalService
from bot.chat.moderation.avatar_notices import AvatarNotices
from bot.chat.moderation.case_messages import CaseMessages
from bot.chat.moderation.cases import CaseService
from bot.chat.moderation.mod_log import ModLog
from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.moderation.removal import ResultRemoval
from bot.chat.moderation.result_gate import ModeratingWatcher
from bot.chat.moderation.takedowns import TakedownService
from bot.moderation.access import AccessPolicy
from bot.moderation.approvals import ApprovalMonitor
from bot.moderation.avatars import AvatarPolicy
from bot.moderation.cases import Escalation
from bot.moderation.member_data import Retention, RetentionPeriods
from bot.segmind.client import SegmindClient
from bot.settings import Settings
from bot.store import SqlStore
from bot.wiring.delivery import DeliveryParts
from bot.wiring.factories import access_rules_of, contexts_of
from bot.wiring.jobs import JobEngine


class ModerationParts:
    """Two steps: the jobs need `watcher` and `operators`, and `open_cases` needs the jobs."""

    def __init__(self, settings: Settings, store: SqlStore, delivery: DeliveryParts) -> None:
        moderation_store, client, text, clock = (
            store.moderation,
            delivery.client,
            delivery.text,
            delivery.clock,
        )
        background = delivery.background
        self._settings, self._store, self._delivery = settings, store, delivery
        section, consent = settings.safety, settings.consent
        rules = access_rules_of(settings)
        access = AccessPolicy(moderation_store, store, rules, clock)
        self.operators = OperatorAlerts(
            settings.discord.operators, client=client, background=background, text=text
        )
        avatar_policy = AvatarPolicy(moderation_store, store.avatars)
        self.access_guard = AccessGuard(access, avatar_policy, moderation_store, contexts_of(settings))
        self.access_admin = AccessAdmin(store, moderation_store)
        self.consent = Consent(
            access, moderation_store, policy_url=consent.policy_url, text=text, clock=clock
        )
        mod_log = ModLog(
            rules=store,
            moderation_store=moderation_store,
            results=delivery.results,
            client=client,
            messages=delivery.messages,
            background=background,
            cards=delivery.cards,
            text=text,
        )
        self._approval_requester = ApprovalRequester(
            store.approvals,
            store,
            results=delivery.results,
            client=client,
            tell_operators=self.operators.show,
            cards=delivery.cards,
            text=text,
            clock=clock,
            days=settings.retention.jobs_days,
        )
        self._removal = ResultRemoval(
            moderation_store, store.approvals, self._approval_requester, mod_log, delivery.messages
        )
        self.watcher = ModeratingWatcher(
            delivery.replies,
            access_policy=access,
            avatar_policy=avatar_policy,
            avatar_notices=AvatarNotices(
                store.avatars, client=client, background=background, cards=delivery.cards, text=text
            ),
            results=delivery.results,
            moderation_store=moderation_store,
            mod_log=mod_log,
            approval_requester=self._approval_requester,
            unjudged=section.unjudged,
        )
        periods = RetentionPeriods(
            jobs=settings.retention.jobs_days,
            audit_entries=settings.retention.deeds_days,
            left_servers=settings.retention.servers_days,
            strikes=section.strike_days,
        )
        self.retention = Retention(store.member_data, store.server_data, clock, periods)
        self.privacy = Privacy(
            store.member_data,
            moderation_store,
            saved_faces=delivery.saved_faces,
            consent=self.consent,
            periods=periods,
            policy_url=consent.policy_url,
            text=text,
            clock=clock,
        )

    def open_cases(self, jobs: JobEngine, segmind: SegmindClient) -> None:
        """Create the services for reports and approvals, which refund, redeliver and fetch results."""
        settings, store, delivery = self._settings, self._store, self._delivery
        case_messages = CaseMessages(
            store.cases,
            store.moderation,
            archive=store,
            rules=store,
            results=UndeliveredResults(segmind, delivery.results),
            client=delivery.client,
            operators=settings.discord.operators,
            cards=delivery.cards,
            text=delivery.text,
        )
        self.cases = CaseService(
            store.cases,
            store.moderation,
            case_messages=case_messages,
            archive=store,
            access_admin=self.access_admin,
            credit_admin=jobs.credit_admin,
            removal=self._removal,
            messages=delivery.messages,
            operators=settings.discord.operators,
            open_reports=settings.safety.open_reports,
            text=delivery.text,
        )
        self.approvals = ApprovalService(
            store.approvals,
            self._approval_requester,
            archive=store,
            rules=store,
            job_service=jobs.job_service,
            source=segmind,
            messages=delivery.messages,
            watcher=delivery.replies,
            background=delivery.background,
            operators=settings.discord.operators,
            clock=delivery.clock,
        )
        self.takedowns = TakedownService(
            store.takedowns,
            store.cases,
            archive=store,
            removal=self._removal,
            messages=delivery.messages,
            operators=settings.discord.operators,
            tell_operators=self.operators.show,
            distance=settings.safety.distance,
            text=delivery.text,
            clock=delivery.clock,
        )
        self.waiting = ApprovalMonitor(store.approvals, self.approvals, delivery.clock)
        self.escalation = Escalation(
            store.cases, case_messages, delivery.clock, hours=settings.safety.escalate_hours
        )
