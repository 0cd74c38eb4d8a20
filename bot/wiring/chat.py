"""The commands' side: the services behind slash commands, buttons and forms."""

from collections.abc import Sequence

from bot.administration.access import AccessAdmin
from bot.administration.defaults import DefaultsAdmin
from bot.administration.events import EventAdmin
from bot.administration.server_data import ServerDataAdmin
from bot.chat.access.consent import AgreeButton, Consent
from bot.chat.access.guard import AccessGuard
from bot.chat.account.avatars import Avatars
from bot.chat.account.confirmation_setting import ConfirmationSetting
from bot.chat.account.gifts import Gifts
from bot.chat.account.jobs_list import JobLists
from bot.chat.account.privacy import ForgetButton, Privacy
from bot.chat.account.services import AccountServices
from bot.chat.admin.panel.items import PanelItem
from bot.chat.admin.panel.panel import Panel
from bot.chat.admin.server_data import ForgetServerButton, ServerDeletion
from bot.chat.admin.services import AdminServices
from bot.chat.client import Doppel
from bot.chat.delivery.button_actions import JobActions
from bot.chat.delivery.job_buttons import JobButton, MoreMenu
from bot.chat.delivery.undelivered import UndeliveredResults
from bot.chat.moderation.approval_card import ApprovalButton
from bot.chat.moderation.approvals import ApprovalService
from bot.chat.moderation.case_card import CaseButton
from bot.chat.moderation.case_messages import CaseMessages
from bot.chat.moderation.cases import CaseService
from bot.chat.moderation.origin_check import OriginCheck
from bot.chat.moderation.removal import ResultRemoval
from bot.chat.moderation.takedown_card import TakedownButton
from bot.chat.moderation.takedowns import TakedownService
from bot.chat.orders.attachments import Attachments
from bot.chat.orders.face_form import FaceForms
from bot.chat.orders.face_sheets import FaceSheets
from bot.chat.orders.last_order import LastOrders
from bot.chat.orders.order_handler import OrderHandler
from bot.chat.orders.preparation import OrderPreparation
from bot.chat.orders.reorder import PreviousInputs
from bot.chat.orders.services import OrderServices
from bot.chat.shared import Shared
from bot.chat.ui.command_button import CommandButton, run_command
from bot.chat.ui.pagination import PageButton, Pages
from bot.faces.detection import FaceDetector
from bot.faces.saved_faces import SavedFaces
from bot.media.types import Limits
from bot.moderation.approvals import ApprovalMonitor
from bot.moderation.cases import Escalation
from bot.moderation.member_data import Retention, RetentionPeriods
from bot.periodic import PeriodicTask
from bot.segmind.client import SegmindClient
from bot.wiring.delivery import DeliveryParts
from bot.wiring.factories import contexts_of, face_cipher_of
from bot.wiring.jobs import JobEngine


def serve(
    client: Doppel,
    shared: Shared,
    delivery: DeliveryParts,
    jobs: JobEngine,
    *,
    segmind: SegmindClient,
    face_detector: FaceDetector | None,
) -> Sequence[PeriodicTask]:
    """Attach the services to the client, which takes orders from here on; return their periodic tasks."""
    settings, store, text, clock = shared.settings, shared.store, shared.text, shared.clock
    safety, retention, cards = settings.safety, settings.retention, shared.cards
    job_service, workers, pages = jobs.job_service, delivery.workers, Pages(text)
    # The section and the class have the same fields.
    limits = Limits(**settings.uploads.model_dump(), explicit=safety.explicit, doubtful=safety.doubtful)
    saved_faces = SavedFaces(
        store.faces,
        face_cipher_of(settings),
        clock,
        days=settings.faces.days,
        per_member=settings.faces.per_member,
    )
    access_guard = AccessGuard(
        delivery.access_policy, delivery.avatar_policy, store.moderation, contexts_of(settings)
    )
    consent = Consent(shared, delivery.access_policy)

    inputs = Attachments(segmind, workers, links=settings.segmind.inputs == "link")
    face_sheets = FaceSheets(inputs, access_guard, workers, face_detector)
    order_handler = OrderHandler(
        shared,
        preparation=OrderPreparation(
            job_service=job_service,
            access_guard=access_guard,
            inputs=inputs,
            face_sheets=face_sheets,
            saved_faces=saved_faces,
            original_previews=delivery.original_previews,
            limits=limits,
        ),
        job_service=job_service,
        access_guard=access_guard,
        consent=consent,
        face_forms=FaceForms(shared, saved_faces, job_service),
    )
    previous_inputs = PreviousInputs(segmind)
    orders = OrderServices(
        order_handler=order_handler,
        last_orders=LastOrders(shared, job_service, order_handler, previous_inputs),
        job_service=job_service,
        access_guard=access_guard,
        consent=consent,
        inputs=inputs,
        face_sheets=face_sheets,
        saved_faces=saved_faces,
        source=segmind,
        limits=limits,
        workers=workers,
        face_detector=face_detector,
        background=shared.background,
        text=text,
    )

    periods = RetentionPeriods(
        jobs=retention.jobs_days,
        audit_entries=retention.deeds_days,
        left_servers=retention.servers_days,
        strikes=safety.strike_days,
    )
    privacy = Privacy(shared, saved_faces, consent, periods)
    account = AccountServices(
        job_service=job_service,
        ledger=store,
        job_lists=JobLists(shared),
        privacy=privacy,
        origin_check=OriginCheck(shared, segmind, workers, limits),
        avatars=Avatars(shared, job_service),
        confirmation_setting=ConfirmationSetting(shared),
        gifts=Gifts(shared, job_service, access_guard, jobs.policy),
        pages=pages,
        cards=cards,
        text=text,
    )

    access_admin = AccessAdmin(store, store.moderation)
    undelivered = UndeliveredResults(segmind, delivery.results)
    case_messages = CaseMessages(shared, undelivered)
    removal = ResultRemoval(shared, delivery.approval_requester, delivery.mod_log)
    cases = CaseService(shared, case_messages, access_admin, jobs.credit_admin, removal)
    approvals = ApprovalService(
        shared,
        delivery.approval_requester,
        job_service=job_service,
        source=segmind,
        watcher=delivery.replies,
    )
    takedowns = TakedownService(shared, removal, delivery.operators.send_card)
    server_deletion = ServerDeletion(
        shared, ServerDataAdmin(store.server_data, store.moderation, policy=jobs.policy, queue=jobs.queue)
    )
    admin = AdminServices(
        credit_admin=jobs.credit_admin,
        access_admin=access_admin,
        defaults_admin=DefaultsAdmin(store, cards),
        event_admin=EventAdmin(store, jobs.policy, cards),
        server_deletion=server_deletion,
        job_service=job_service,
        ledger=store,
        policy=jobs.policy,
        cases=cases,
        approvals=approvals,
        media_worker=workers.results,
        pages=pages,
        cards=cards,
        text=text,
        clock=clock,
    )

    actions = JobActions(
        shared,
        job_service=job_service,
        order_handler=order_handler,
        previous_inputs=previous_inputs,
        undelivered=undelivered,
        cases=cases,
    )
    client.attach_services(
        orders,
        account,
        admin,
        {
            JobButton: actions.press,
            MoreMenu: actions.choose,
            AgreeButton: consent.press,
            ApprovalButton: approvals.press,
            CaseButton: cases.press,
            TakedownButton: takedowns.press,
            ForgetButton: privacy.press,
            ForgetServerButton: server_deletion.press,
            CommandButton: run_command,
            PageButton: pages.press,
            PanelItem: Panel(admin).press,
        },
    )
    return (
        saved_faces.run,
        takedowns.run,
        ApprovalMonitor(store.approvals, approvals, clock).run,
        Escalation(store.cases, case_messages, clock, hours=safety.escalate_hours).run,
        Retention(store.member_data, store.server_data, clock, periods).run,
    )
