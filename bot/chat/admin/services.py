"""Dependencies of the commands for a server's administrators."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.administration.access import AccessAdmin
from bot.administration.credits import CreditAdmin
from bot.administration.defaults import DefaultsAdmin
from bot.administration.events import EventAdmin
from bot.chat.admin.server_data import ServerDeletion
from bot.chat.moderation.approvals import ApprovalService
from bot.chat.moderation.cases import CaseService
from bot.chat.text import Text
from bot.chat.ui.pagination import Pages
from bot.clock import Clock
from bot.jobs.service import JobService
from bot.ledger.ledger import Ledger
from bot.ledger.policy import Policy
from bot.media.worker.process import MediaWorker
from bot.models import ModelCard


@dataclass(frozen=True, slots=True)
class AdminServices:
    """Services that `/admin` uses."""

    credit_admin: CreditAdmin
    access_admin: AccessAdmin
    defaults_admin: DefaultsAdmin
    event_admin: EventAdmin
    server_deletion: ServerDeletion
    job_service: JobService
    ledger: Ledger
    policy: Policy
    cases: CaseService
    approvals: ApprovalService
    media_worker: MediaWorker
    pages: Pages
    cards: Mapping[str, ModelCard]
    text: Text
    clock: Clock
