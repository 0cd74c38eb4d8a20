"""Dependencies of the commands about a member's own account."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.chat.account.avatars import Avatars
from bot.chat.account.confirmation_setting import ConfirmationSetting
from bot.chat.account.gifts import Gifts
from bot.chat.account.jobs_list import JobLists
from bot.chat.account.privacy import Privacy
from bot.chat.moderation.origin_check import OriginCheck
from bot.chat.text import Text
from bot.chat.ui.pagination import Pages
from bot.jobs.service import JobService
from bot.ledger.ledger import Ledger
from bot.models import ModelCard


@dataclass(frozen=True, slots=True)
class AccountServices:
    """Services that `/credits`, `/jobs`, `/privacy` and the menu for the origin of a file use."""

    job_service: JobService
    ledger: Ledger
    job_lists: JobLists
    privacy: Privacy
    origin_check: OriginCheck
    avatars: Avatars
    gifts: Gifts
    confirmation_setting: ConfirmationSetting
    pages: Pages
    cards: Mapping[str, ModelCard]
    text: Text
