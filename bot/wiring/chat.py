"""The commands' side: the services behind slash commands, buttons and forms."""

from bot.administration.defaults import DefaultsAdmin
from bot.administration.events import EventAdmin
from bot.administration.server_data import ServerDataAdmin
from bot.chat.access.consent import Agree
from bot.chat.account.avatars import Avatars
from bot.chat.account.confirmations import Confirmations
from bot.chat.account.gifts import Gifts
from bot.chat.account.jobs_list import JobLists
from bot.chat.account.privacy import ForgetButton
from bot.chat.account.services import AccountServices
from bot.chat.admin.panel.items import PanelItem
from bot.chat.admin.panel.panel import Panel
from bot.chat.admin.server_data import ForgetServerButton, ServerDeletion
from bot.chat.admin.services import AdminServices
from bot.chat.delivery.button_actions import JobActions
from bot.chat.delivery.job_buttons import JobButton, MoreMenu
from bot.chat.delivery.showcase import Showcase
from bot.chat.delivery.undelivered import UndeliveredResults
from bot.chat.moderation.approval_card import ApprovalButton
from bot.chat.moderation.case_card import CaseButton
from bot.chat.moderation.origin_check import OriginCheck
from bot.chat.moderation.takedown_card import TakedownButton
from bot.chat.orders.attachments import Attachments
from bot.chat.orders.face_form import FaceForms
from bot.chat.orders.face_sheets import FaceSheets
from bot.chat.orders.last_order import LastOrders
from bot.chat.orders.order_handler import OrderHandler
from bot.chat.orders.preparation import OrderPreparation
from bot.chat.orders.reorder import PreviousInputs
from bot.chat.orders.services import OrderServices
from bot.chat.ui.command_button import CommandButton, run_command
from bot.chat.ui.pagination import PageButton, Pages
from bot.faces.detection import FaceDetector
from bot.moderation.origin import CheckQuota
from bot.segmind.client import SegmindClient
from bot.settings import Settings
from bot.store import SqlStore
from bot.wiring.delivery import DeliveryParts
from bot.wiring.jobs import JobEngine
from bot.wiring.moderation import ModerationParts


def serve(
    settings: Settings,
    delivery: DeliveryParts,
    moderation: ModerationParts,
    jobs: JobEngine,
    *,
    segmind: SegmindClient,
    store: SqlStore,
    face_detector: FaceDetector | None,
) -> None:
    """Attach the services to the client, which takes orders from here on."""
    client, cards, text, clock = delivery.client, delivery.cards, delivery.text, delivery.clock
    background, saved_faces, consent = delivery.background, delivery.saved_faces, moderation.consent
    workers, pages = delivery.workers, Pages(text)
    inputs = Attachments(segmind, workers, links=settings.segmind.inputs == "link")
    face_sheets = FaceSheets(inputs, moderation.access_guard, workers, face_detector)
    order_handler = OrderHandler(
        preparation=OrderPreparation(
            job_service=jobs.job_service,
            access_guard=moderation.access_guard,
            inputs=inputs,
            face_sheets=face_sheets,
            saved_faces=saved_faces,
            original_previews=delivery.original_previews,
            limits=delivery.limits,
        ),
        job_service=jobs.job_service,
        access_guard=moderation.access_guard,
        consent=consent,
        face_forms=FaceForms(saved_faces, jobs.job_service, message_for=client.message_for, text=text),
        messages=delivery.messages,
        background=background,
        message_for=client.message_for,
        text=text,
        clock=clock,
    )
    previous_inputs = PreviousInputs(segmind)
    last_orders = LastOrders(
        job_history=store.job_history,
        job_service=jobs.job_service,
        order_handler=order_handler,
        previous_inputs=previous_inputs,
        models=delivery.models,
    )
    orders = OrderServices(
        order_handler=order_handler,
        last_orders=last_orders,
        job_service=jobs.job_service,
        access_guard=moderation.access_guard,
        consent=consent,
        inputs=inputs,
        face_sheets=face_sheets,
        saved_faces=saved_faces,
        source=segmind,
        limits=delivery.limits,
        workers=workers,
        face_detector=face_detector,
        background=background,
        text=text,
    )
    account = AccountServices(
        job_service=jobs.job_service,
        ledger=store,
        job_lists=JobLists(store.job_history, cards, text),
        privacy=moderation.privacy,
        origin_check=OriginCheck(
            store.moderation,
            store.find,
            quota=CheckQuota(clock),
            source=segmind,
            workers=workers,
            limits=delivery.limits,
            distance=settings.safety.distance,
            operators=settings.discord.operators,
            cards=cards,
            text=text,
        ),
        avatars=Avatars(store.avatars, jobs.job_service, text),
        confirmations=Confirmations(store.moderation, text),
        gifts=Gifts(
            ledger=store,
            job_service=jobs.job_service,
            access_guard=moderation.access_guard,
            policy=jobs.policy,
            text=text,
        ),
        pages=pages,
        cards=cards,
        text=text,
    )
    server_data_admin = ServerDataAdmin(
        store.server_data, store.moderation, policy=jobs.policy, queue=jobs.queue
    )
    server_deletion = ServerDeletion(server_data_admin, cards, text)
    admin = AdminServices(
        credit_admin=jobs.credit_admin,
        access_admin=moderation.access_admin,
        defaults_admin=DefaultsAdmin(store, cards),
        event_admin=EventAdmin(store, jobs.policy, cards),
        server_deletion=server_deletion,
        job_service=jobs.job_service,
        ledger=store,
        policy=jobs.policy,
        cases=moderation.cases,
        approvals=moderation.approvals,
        media_worker=workers.results,
        pages=pages,
        cards=cards,
        text=text,
        clock=clock,
    )
    actions = JobActions(
        job_service=jobs.job_service,
        order_handler=order_handler,
        previous_inputs=previous_inputs,
        undelivered=UndeliveredResults(segmind, delivery.results),
        cases=moderation.cases,
        showcase=Showcase(
            rules=store,
            posts=store.moderation,
            messages=delivery.messages,
            client=client,
            cards=cards,
            text=text,
        ),
        models=delivery.models,
        text=text,
    )
    client.serve(
        orders,
        account,
        admin,
        {
            JobButton: actions.press,
            MoreMenu: actions.choose,
            Agree: consent.press,
            ApprovalButton: moderation.approvals.press,
            CaseButton: moderation.cases.press,
            TakedownButton: moderation.takedowns.press,
            ForgetButton: moderation.privacy.press,
            ForgetServerButton: server_deletion.press,
            CommandButton: run_command,
            PageButton: pages.press,
            PanelItem: Panel(admin).press,
        },
    )
