"""Where members come in, put together: the intake of orders, and what every other command works with."""

from bot.chat.access.consent import Agree
from bot.chat.account.jobs_list import JobLists
from bot.chat.account.privacy import ForgetButton
from bot.chat.account.services import AccountServices
from bot.chat.admin.services import AdminServices
from bot.chat.delivery.button_actions import JobActions
from bot.chat.delivery.job_buttons import JobButton, OtherModel
from bot.chat.delivery.undelivered import UndeliveredResults
from bot.chat.errors import ErrorMessages
from bot.chat.moderation.approval_card import ApprovalButton
from bot.chat.moderation.approvals import ApprovalService
from bot.chat.moderation.case_card import CaseButton
from bot.chat.moderation.cases import CaseService
from bot.chat.orders.attachments import Attachments
from bot.chat.orders.order_handler import OrderHandler
from bot.chat.orders.reorder import PreviousInputs
from bot.chat.orders.services import OrderServices
from bot.chat.ui.pagination import PageButton, Pages
from bot.faces.detection import FaceDetector
from bot.segmind.client import SegmindClient
from bot.settings import Settings
from bot.store import SqlStore
from bot.wiring.chat import ChatParts
from bot.wiring.jobs import JobEngine
from bot.wiring.moderation import ModerationParts


def wire_services(
    settings: Settings,
    front: ChatParts,
    protection: ModerationParts,
    engine: JobEngine,
    cases: CaseService,
    *,
    approvals: ApprovalService,
    segmind: SegmindClient,
    store: SqlStore,
    face_detector: FaceDetector | None,
    words: ErrorMessages,
) -> None:
    """From here on the client takes orders and answers commands."""
    inputs = Attachments(segmind, links=settings.segmind.inputs == "link")
    order_handler = OrderHandler(
        job_service=engine.job_service,
        access_guard=protection.access_guard,
        consent=protection.consent,
        inputs=inputs,
        saved_faces=front.saved_faces,
        original_previews=front.original_previews,
        messages=front.messages,
        background=front.background,
        message_for=words.message_for,
        clock=front.clock,
        limits=front.limits,
    )
    pages = Pages(front.text)
    privacy = protection.privacy()
    orders = OrderServices(
        order_handler=order_handler,
        job_service=engine.job_service,
        access_guard=protection.access_guard,
        consent=protection.consent,
        inputs=inputs,
        saved_faces=front.saved_faces,
        source=segmind,
        face_detector=face_detector,
        background=front.background,
        text=front.text,
    )
    account = AccountServices(
        job_service=engine.job_service,
        ledger=store,
        job_lists=JobLists(store.job_history, front.cards, front.text),
        privacy=privacy,
        pages=pages,
        cards=front.cards,
        text=front.text,
    )
    admin = AdminServices(
        credit_admin=engine.credit_admin,
        access_admin=protection.access_admin,
        job_service=engine.job_service,
        ledger=store,
        policy=engine.policy,
        cases=cases,
        approvals=approvals,
        pages=pages,
        cards=front.cards,
        text=front.text,
        clock=front.clock,
    )
    actions = JobActions(
        job_service=engine.job_service,
        order_handler=order_handler,
        previous_inputs=PreviousInputs(segmind),
        undelivered=UndeliveredResults(segmind, front.results),
        cases=cases,
        models=front.models,
        text=front.text,
    )
    front.client.serve(
        orders,
        account,
        admin,
        {
            JobButton: actions.press,
            OtherModel: actions.choose_model,
            Agree: protection.consent.press,
            ApprovalButton: approvals.press,
            CaseButton: cases.press,
            ForgetButton: privacy.press,
            PageButton: pages.press,
        },
    )
