"""Everything that the commands for a server's administrators need."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.administration.access import Wardens
from bot.administration.credits import Office
from bot.chat.moderation.approvals import ApprovalRoom
from bot.chat.moderation.cases import CaseRoom
from bot.chat.text import Text
from bot.chat.ui.pagination import Pages
from bot.clock import Clock
from bot.jobs.service import Desk
from bot.ledger.ledger import Books
from bot.ledger.policy import Policy
from bot.models import ModelCard


@dataclass(frozen=True, slots=True)
class AdminServices:
    """Services of `/admin`."""

    office: Office
    wardens: Wardens
    desk: Desk
    books: Books
    policy: Policy
    cases: CaseRoom
    approvals: ApprovalRoom
    pages: Pages
    cards: Mapping[str, ModelCard]
    text: Text
    clock: Clock
