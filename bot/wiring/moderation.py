"""What protects people from each other, put together: the door, consent, the guard, the log and the cases."""

from bot.administration.access import AccessAdmin
from bot.administration.credits import CreditAdmin
from bot.chat.access.consent import Consent
from bot.chat.access.guard import AccessGuard
from bot.chat.account.privacy import Privacy
from bot.chat.moderation.approval_requests import ApprovalRequester
from bot.chat.moderation.approvals import ApprovalService
from bot.chat.moderation.cases import CaseService
from bot.chat.moderation.mod_log import ModLog
from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.moderation.result_gate import ModeratingWatcher
from bot.jobs.outputs import ResultSource
from bot.jobs.ports import Watcher
from bot.jobs.service import JobService
from bot.moderation.access import AccessPolicy
from bot.moderation.approvals import ApprovalMonitor
from bot.moderation.cases import Escalation
from bot.moderation.member_data import Retention, RetentionPeriods
from bot.settings import Settings
from bot.store import SqlStore
from bot.wiring.chat import ChatParts
from bot.wiring.factories import access_rules, contexts_of


class ModerationParts:
    def __init__(
        self,
        settings: Settings,
        store: SqlStore,
        front: ChatParts,
    ) -> None:
        self._settings = settings
        self._store = store
        self._front = front
        self._periods = RetentionPeriods(
            jobs=settings.retention.jobs_days,
            audit_entries=settings.retention.deeds_days,
            strikes=settings.safety.strike_days,
        )
        self._door = AccessPolicy(store.moderation, store, access_rules(settings), front.clock)
        self._mod_log = ModLog(
            rules=store,
            moderation_store=store.moderation,
            results=front.results,
            client=front.client,
            background=front.background,
            cards=front.cards,
            text=front.text,
        )
        self.operators = OperatorAlerts(
            settings.discord.operators,
            client=front.client,
            background=front.background,
            text=front.text,
        )
        self.access_guard = AccessGuard(self._door, store.moderation, contexts_of(settings))
        self.consent = Consent(
            self._door,
            store.moderation,
            policy_url=settings.consent.policy_url,
            text=front.text,
            clock=front.clock,
        )
        self.access_admin = AccessAdmin(store, store.moderation)
        self._approval_requester = ApprovalRequester(
            store.approvals,
            store,
            results=front.results,
            client=front.client,
            tell_operators=self.operators.show,
            cards=front.cards,
            text=front.text,
            clock=front.clock,
            days=settings.retention.jobs_days,
        )

    def guard(self, watcher: Watcher) -> ModeratingWatcher:
        return ModeratingWatcher(
            watcher,
            door=self._door,
            access_guard=self.access_guard,
            register=self._store.moderation,
            mod_log=self._mod_log,
            approval_requester=self._approval_requester,
        )

    def approvals(self, job_service: JobService, source: ResultSource) -> ApprovalService:
        return ApprovalService(
            self._store.approvals,
            self._approval_requester,
            archive=self._store,
            job_service=job_service,
            source=source,
            messages=self._front.messages,
            watcher=self._front.replies,
            background=self._front.background,
            operators=self._settings.discord.operators,
            clock=self._front.clock,
        )

    def cases(self, credit_admin: CreditAdmin) -> CaseService:
        return CaseService(
            self._store.cases,
            self._store.moderation,
            archive=self._store,
            rules=self._store,
            access_admin=self.access_admin,
            credit_admin=credit_admin,
            messages=self._front.messages,
            client=self._front.client,
            operators=self._settings.discord.operators,
            open_reports=self._settings.safety.open_reports,
            tell_operators=self.operators.show,
            cards=self._front.cards,
            text=self._front.text,
        )

    def privacy(self) -> Privacy:
        return Privacy(
            self._store.member_data,
            self._store.moderation,
            saved_faces=self._front.saved_faces,
            consent=self.consent,
            periods=self._periods,
            policy_url=self._settings.consent.policy_url,
            text=self._front.text,
            clock=self._front.clock,
        )

    def retention(self) -> Retention:
        return Retention(self._store.member_data, self._front.clock, self._periods)

    def waiting(self, approvals: ApprovalService) -> ApprovalMonitor:
        return ApprovalMonitor(self._store.approvals, approvals, self._front.clock)

    def escalation(self, cases: CaseService) -> Escalation:
        hours = self._settings.safety.escalate_hours
        return Escalation(self._store.cases, cases.pass_on, self._front.clock, hours=hours)
