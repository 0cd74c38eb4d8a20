"""The commands' side: the services behind slash commands, buttons and forms."""

from collections.abc import Sequence

from bot.chat.access.consent import AgreeButton
from bot.chat.account.privacy import ForgetButton
from bot.chat.account.services import AccountServices
from bot.chat.admin.panel.items import PanelItem
from bot.chat.admin.panel.panel import Panel
from bot.chat.admin.server_data import ForgetServerButton
from bot.chat.admin.services import AdminServices
from bot.chat.client import Doppel
from bot.chat.delivery.button_actions import JobActions
from bot.chat.delivery.job_buttons import JobButton, MoreMenu
from bot.chat.moderation.approval_card import ApprovalButton
from bot.chat.moderation.case_card import CaseButton
from bot.chat.moderation.delivery_services import DeliveryServices
from bot.chat.moderation.services import ModerationServices
from bot.chat.moderation.takedown_card import TakedownButton
from bot.chat.orders.services import OrderServices
from bot.chat.shared import Shared
from bot.chat.ui.command_button import CommandButton, run_command
from bot.chat.ui.pagination import PageButton, Pages
from bot.faces.detection import FaceDetector
from bot.moderation.member_data import Retention, RetentionPeriods
from bot.periodic import PeriodicTask
from bot.segmind.client import SegmindClient
from bot.wiring.jobs import JobEngine


def serve(
    client: Doppel,
    shared: Shared,
    delivery: DeliveryServices,
    jobs: JobEngine,
    *,
    segmind: SegmindClient,
    face_detector: FaceDetector | None,
) -> Sequence[PeriodicTask]:
    """Attach the services to the client, which takes orders from here on; return their periodic tasks."""
    store, retention = shared.store, shared.settings.retention
    pages = Pages(shared.text)
    periods = RetentionPeriods(
        jobs=retention.jobs_days,
        audit_entries=retention.deeds_days,
        left_servers=retention.servers_days,
        strikes=shared.settings.safety.strike_days,
    )
    orders = OrderServices(
        shared,
        segmind,
        job_service=jobs.job_service,
        access_policy=delivery.access_policy,
        avatar_policy=delivery.avatar_policy,
        original_previews=delivery.original_previews,
        workers=delivery.workers,
        face_detector=face_detector,
    )
    account = AccountServices(shared, orders, pages, policy=jobs.policy, retention_periods=periods)
    moderation = ModerationServices(
        shared, delivery, segmind, job_service=jobs.job_service, credit_admin=jobs.credit_admin
    )
    admin = AdminServices(
        shared,
        moderation,
        pages,
        job_service=jobs.job_service,
        credit_admin=jobs.credit_admin,
        policy=jobs.policy,
        queue=jobs.queue,
        media_worker=delivery.workers.results,
    )
    actions = JobActions(
        shared,
        job_service=jobs.job_service,
        order_handler=orders.order_handler,
        previous_inputs=orders.previous_inputs,
        undelivered=moderation.undelivered,
        cases=moderation.cases,
    )
    client.attach_services(
        orders,
        account,
        admin,
        {
            JobButton: actions.press,
            MoreMenu: actions.choose,
            AgreeButton: orders.consent.press,
            ApprovalButton: moderation.approvals.press,
            CaseButton: moderation.cases.press,
            TakedownButton: moderation.takedowns.press,
            ForgetButton: account.privacy.press,
            ForgetServerButton: admin.server_deletion.press,
            CommandButton: run_command,
            PageButton: pages.press,
            PanelItem: Panel(admin).press,
        },
    )
    return (
        orders.saved_faces.run,
        *moderation.periodic_tasks,
        Retention(store.member_data, store.server_data, shared.clock, periods).run,
    )
