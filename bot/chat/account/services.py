"""Services of the commands about a member's own account."""

from bot.chat.account.avatars import Avatars
from bot.chat.account.confirmation_setting import ConfirmationSetting
from bot.chat.account.gifts import Gifts
from bot.chat.account.jobs_list import JobLists
from bot.chat.account.privacy import Privacy
from bot.chat.moderation.origin_check import OriginCheck
from bot.chat.orders.services import OrderServices
from bot.chat.shared import Shared
from bot.chat.ui.pagination import Pages
from bot.ledger.ledger import Ledger
from bot.ledger.policy import Policy
from bot.moderation.member_data import RetentionPeriods


class AccountServices:
    """Services that `/credits`, `/jobs`, `/privacy` and the menu for the origin of a file use."""

    def __init__(
        self,
        shared: Shared,
        orders: OrderServices,
        pages: Pages,
        *,
        policy: Policy,
        retention_periods: RetentionPeriods,
    ) -> None:
        self.text, self.cards, self.pages = shared.text, shared.cards, pages
        self.ledger: Ledger = shared.store
        self.job_service = orders.job_service
        self.job_lists = JobLists(shared)
        self.privacy = Privacy(shared, orders.saved_faces, orders.consent, retention_periods)
        self.origin_check = OriginCheck(shared, orders.source, orders.workers, orders.limits)
        self.avatars = Avatars(shared, orders.job_service)
        self.gifts = Gifts(shared, orders.job_service, orders.access_guard, policy)
        self.confirmation_setting = ConfirmationSetting(shared)
