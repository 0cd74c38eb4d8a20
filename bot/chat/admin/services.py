"""Services of the commands for a server's administrators."""

from bot.administration.credits import CreditAdmin
from bot.administration.defaults import DefaultsAdmin
from bot.administration.events import EventAdmin
from bot.administration.server_data import ServerDataAdmin
from bot.chat.admin.server_data import ServerDeletion
from bot.chat.moderation.services import ModerationServices
from bot.chat.shared import Shared
from bot.chat.ui.pagination import Pages
from bot.jobs.service import JobService
from bot.jobs.waiting.queue import FairQueue
from bot.ledger.ledger import Ledger
from bot.ledger.policy import Policy
from bot.media.worker.process import MediaWorker


class AdminServices:
    """Services that `/admin` uses."""

    def __init__(
        self,
        shared: Shared,
        moderation: ModerationServices,
        pages: Pages,
        *,
        job_service: JobService,
        credit_admin: CreditAdmin,
        policy: Policy,
        queue: FairQueue,
        media_worker: MediaWorker,
    ) -> None:
        store = shared.store
        self.text, self.cards, self.clock, self.pages = shared.text, shared.cards, shared.clock, pages
        self.ledger: Ledger = store
        self.job_service, self.credit_admin, self.policy = job_service, credit_admin, policy
        self.media_worker = media_worker
        self.access_admin = moderation.access_admin
        self.cases, self.approvals = moderation.cases, moderation.approvals
        self.defaults_admin = DefaultsAdmin(store, shared.cards)
        self.event_admin = EventAdmin(store, policy, shared.cards)
        self.server_deletion = ServerDeletion(
            shared, ServerDataAdmin(store.server_data, store.moderation, policy=policy, queue=queue)
        )
