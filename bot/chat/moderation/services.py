"""Services that decide on results: reports, approvals, requests to take something down, and removals."""

from bot.administration.access import AccessAdmin
from bot.administration.credits import CreditAdmin
from bot.chat.delivery.undelivered import UndeliveredResults
from bot.chat.moderation.approvals import ApprovalService
from bot.chat.moderation.case_messages import CaseMessages
from bot.chat.moderation.cases import CaseService
from bot.chat.moderation.delivery_services import DeliveryServices
from bot.chat.moderation.owed_entries import OwedLogEntries
from bot.chat.moderation.removal import ResultRemoval
from bot.chat.moderation.takedowns import TakedownService
from bot.chat.shared import Shared
from bot.jobs.outputs import ResultSource
from bot.jobs.service import JobService
from bot.moderation.approvals import ApprovalMonitor
from bot.moderation.cases import Escalation


class ModerationServices:
    """Services of moderators' buttons and commands."""

    def __init__(
        self,
        shared: Shared,
        delivery: DeliveryServices,
        source: ResultSource,
        *,
        job_service: JobService,
        credit_admin: CreditAdmin,
    ) -> None:
        store, clock = shared.store, shared.clock
        self.access_admin = AccessAdmin(store, store.moderation)
        self.undelivered = UndeliveredResults(source, delivery.results)
        messages = CaseMessages(shared, self.undelivered)
        removal = ResultRemoval(shared, delivery.approval_requester, delivery.mod_log)
        self.cases = CaseService(shared, messages, self.access_admin, credit_admin, removal)
        self.approvals = ApprovalService(
            shared,
            delivery.approval_requester,
            job_service=job_service,
            source=source,
            watcher=delivery.replies,
        )
        self.takedowns = TakedownService(shared, removal, delivery.operators.send_card)
        self.periodic_tasks = (
            self.takedowns.run,
            OwedLogEntries(shared, delivery.mod_log, self.undelivered).run,
            ApprovalMonitor(store.approvals, self.approvals, clock).run,
            Escalation(store.cases, messages, clock, hours=shared.settings.safety.escalate_hours).run,
        )
