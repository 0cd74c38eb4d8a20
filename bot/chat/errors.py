"""Sentences for every error that members read; `file_errors` and `option_errors` word theirs."""

from collections.abc import Callable, Mapping

import structlog
from discord import app_commands
from pydantic import ValidationError

from bot.administration.audit import UnknownJob
from bot.administration.credits import BeyondBound, NotPaid, TooMuchToTake, UnknownModel
from bot.administration.defaults import TwoPlaces
from bot.administration.events import NoEvent
from bot.chat.access.permissions import NotModerator
from bot.chat.account.avatars import NotInServer
from bot.chat.account.gifts import CannotReceive, GiftsOff, NotGiftable
from bot.chat.admin.accounts import NotAMember
from bot.chat.admin.limits import limit_name, limit_words
from bot.chat.admin.panel.items import NotANumber
from bot.chat.delivery.button_actions import NotYourOrder, OrderForgotten, OwnOrder
from bot.chat.delivery.picture_owners import UnknownOwner
from bot.chat.delivery.showcase import AlreadyShared, NoShowcase, NotShareable, ShowcaseClosed
from bot.chat.file_errors import file_error
from bot.chat.members import NotAdministrator
from bot.chat.option_errors import option_error
from bot.chat.orders.attachments import InputError
from bot.chat.orders.faces.avatars import NoAvatar
from bot.chat.orders.faces.face_fields import TooManyPeople
from bot.chat.orders.faces.saved_faces import BothFaces, NoFace
from bot.chat.orders.forms.pairs_card import AlreadyOrdered
from bot.chat.orders.forms.swap_form import OnlyOneTarget
from bot.chat.orders.last_order import NoLastOrder
from bot.chat.orders.message_media import AuthorOptedOut, NothingPosted
from bot.chat.orders.order_handler import ShuttingDown
from bot.chat.text import Text
from bot.chat.ui.card import credits_words, relative_timestamp
from bot.chat.ui.info_card import sanitize
from bot.chat.ui.pagination import NotYours
from bot.faces.detection import FaceProblem, UnclearFace
from bot.faces.face import BadName, FacesOff, NoSuchFace, TooManyFaces, UnreadableFace
from bot.faces.pairing import NothingPaired
from bot.jobs.ports import StoreUnavailable
from bot.jobs.service import ModelOff, OrderUnconfirmed, TooLate, TooManyWaiting
from bot.jobs.waiting.submission_gate import ClosureReason, ServicePaused
from bot.ledger.account import NotEnoughCredits
from bot.ledger.budgets import CapReached, Scope
from bot.ledger.events import EventOver
from bot.ledger.ledger import AlreadyRefunded, GiftLimitReached
from bot.ledger.server_rules import LIMIT_NAMES
from bot.moderation.approvals import LogNeeded, NoLog, OwnOrderApproval, UnknownApproval
from bot.moderation.avatars import AvatarNotShared
from bot.moderation.cases import TooManyReports
from bot.moderation.errors import (
    AgeRestricted,
    BannedMedia,
    Blocked,
    NoConsent,
    RecentlyDeleted,
    Suspended,
    WrongChannel,
    WrongRole,
)
from bot.moderation.member_data import OpenOrders
from bot.moderation.origin import TooManyChecks
from bot.ops.logs import incident_id

log = structlog.stdlib.get_logger(__name__)


_PAUSED_KEYS = {
    ClosureReason.KEY: "refused.service",
    ClosureReason.BALANCE: "refused.balance",
    ClosureReason.MODEL: "refused.model",
}

_FACE_KEYS: Mapping[FaceProblem, str] = {
    "none": "refused.face_none",
    "several": "refused.face_several",
    "tiny": "refused.face_tiny",
}

# Errors that carry no facts for the sentence.
_KEYS: Mapping[type[BaseException], str] = {
    app_commands.CommandNotFound: "refused.outdated",
    app_commands.CommandSignatureMismatch: "refused.outdated",
    app_commands.TransformerError: "refused.not_here",
    ShuttingDown: "refused.stopping",
    # Orders: faces, forms and pictures of messages.
    FacesOff: "refused.faces_off",
    BadName: "refused.face_name",
    NothingPaired: "refused.nothing_paired",
    AlreadyOrdered: "refused.already_ordered",
    OnlyOneTarget: "refused.one_target",
    NothingPosted: "refused.nothing_posted",
    AuthorOptedOut: "refused.not_to_be_used",
    UnknownOwner: "refused.unknown_owner",
    # Access.
    NoConsent: "refused.no_consent",
    WrongChannel: "refused.channel",
    WrongRole: "refused.role",
    AgeRestricted: "refused.age_restricted",
    NotModerator: "refused.not_moderator",
    # Members: their data, avatars, gifts and events.
    OpenOrders: "refused.open_orders",
    AvatarNotShared: "refused.avatar_not_shared",
    NoAvatar: "refused.no_avatar",
    NotInServer: "refused.not_in_server",
    EventOver: "refused.event_over",
    NoEvent: "refused.no_event",
    GiftsOff: "refused.gifts_off",
    CannotReceive: "refused.gift_receiver",
    # Buttons of cards.
    NotYours: "refused.not_yours",
    NotYourOrder: "refused.not_your_order",
    OwnOrder: "refused.own_order",
    NoLastOrder: "refused.no_last_order",
    OrderForgotten: "refused.no_such_order",
    TooLate: "refused.too_late",
    NoShowcase: "refused.no_showcase",
    ShowcaseClosed: "refused.showcase_closed",
    AlreadyShared: "refused.already_shared",
    NotShareable: "refused.not_shareable",
    # Administrators and moderators.
    NotAdministrator: "refused.not_administrator",
    UnknownJob: "refused.unknown_job",
    UnknownModel: "refused.unknown_model",
    AlreadyRefunded: "refused.refunded",
    TwoPlaces: "refused.two_places",
    NoLog: "refused.no_log",
    OwnOrderApproval: "refused.own_approval",
    NotAMember: "refused.not_a_member",
    LogNeeded: "refused.log_needed",
    UnknownApproval: "refused.nothing_awaited",
}


class ErrorMessages:
    """The sentence that a member reads for each error."""

    def __init__(
        self,
        text: Text,
        on_store_unavailable: Callable[[StoreUnavailable], None] = lambda _: None,
        *,
        on_error: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        """`on_error` receives every error; `on_store_unavailable` those of an unavailable database, too."""
        self._text = text
        self._on_store_unavailable = on_store_unavailable
        self._on_error = on_error

    def message_for(self, error: BaseException) -> str:
        """The sentence for an error. An unexpected one shows an incident number, which is also in the log."""
        if isinstance(error, app_commands.CommandInvokeError):
            error = error.original
        self._on_error(error)
        if isinstance(error, StoreUnavailable):
            self._on_store_unavailable(error)
            unconfirmed = isinstance(error, OrderUnconfirmed)
            return self._text("refused.unconfirmed" if unconfirmed else "refused.database")
        if (sentence := self._known(error)) is not None:
            return sentence
        incident = incident_id()
        log.error("unexpected error", incident=incident, exc_info=error)
        return self._text("refused.unexpected", incident=incident)

    def _known(self, error: BaseException) -> str | None:
        key = _KEYS.get(type(error))
        if key is not None:
            return self._text(key)
        by_subject = (self._order_error, self._face_error, self._access_error, self._admin_error)
        return next(filter(None, (word(error) for word in by_subject)), None)

    def _order_error(self, error: BaseException) -> str | None:
        match error:
            case NotEnoughCredits() | CapReached():
                return self._credits(error)
            case ModelOff(slug=slug):
                return self._text("refused.model_off", model=slug)
            case TooManyWaiting(limit=limit):
                return self._text("refused.waiting", count=limit)
            case ServicePaused(reason=trouble):
                return self._text(_PAUSED_KEYS[trouble])
            case ValidationError():
                return option_error(error, self._text)
            case InputError():
                return file_error(error, self._text)
            case TooManyPeople(given=given, most=most):
                key = "refused.people" if most > 1 else "refused.one_face"
                return self._text(key, given=given, most=most)
            case _:
                return None

    def _face_error(self, error: BaseException) -> str | None:
        """Errors of saved faces."""
        match error:
            case BothFaces(option=option):
                return self._text("refused.both_faces", option=option)
            case NoFace(option=option, can_save=can_save):
                return self._text("refused.no_face" if can_save else "refused.no_file", option=option)
            case NoSuchFace(name=name):
                return self._text("refused.no_such_face", name=sanitize(name))
            case TooManyFaces(limit=limit):
                return self._text("refused.too_many_faces", count=limit)
            case UnclearFace(problem=problem):
                return self._text(_FACE_KEYS[problem])
            case UnreadableFace(name=name):
                return self._text("refused.unopened_face", name=sanitize(name))
            case _:
                return None

    def _access_error(self, error: BaseException) -> str | None:
        """Errors of access: by member, by place, by the files, or by how often the member asks."""
        match error:
            case app_commands.CheckFailure():
                return self._text("refused.forbidden")
            case Blocked(everywhere=everywhere):
                return self._text("refused.blocked_everywhere" if everywhere else "refused.blocked_here")
            case Suspended(until=until):
                return self._text("refused.resting", until=relative_timestamp(until))
            case RecentlyDeleted(until=until):
                return self._text("refused.just_left", until=relative_timestamp(until))
            case BannedMedia(option=option):
                return self._text("refused.never_again", option=option)
            case TooManyReports(limit=limit):
                return self._text("refused.reports", count=limit)
            case TooManyChecks(limit=limit, until=until):
                return self._text("refused.checks", count=limit, until=relative_timestamp(until))
            case _:
                return None

    def _admin_error(self, error: BaseException) -> str | None:
        """Errors of the decisions of administrators and moderators, and of gifts."""
        match error:
            case NotANumber(least=least, most=None):
                return self._text("refused.not_a_number", least=least)
            case NotANumber(least=least, most=most):
                return self._text("refused.not_a_number_between", least=least, most=most)
            case BeyondBound(what=what, most=most):
                return self._bound(what, most)
            case NotGiftable(have=have):
                return self._text("refused.gift_credits", have=credits_words(have, self._text))
            case GiftLimitReached(left=left, resets_at=resets_at, is_giver=is_giver):
                key = "refused.gift_limit" if is_giver else "refused.gift_limit_of_receiver"
                left = credits_words(left, self._text)
                return self._text(key, left=left, resets=relative_timestamp(resets_at))
            case TooMuchToTake(have=have):
                return self._text("refused.take", have=credits_words(have, self._text))
            case NotPaid(settled=settled):
                return self._text("refused.free_job" if settled else "refused.open_job")
            case _:
                return None

    def _bound(self, what: str, most: float) -> str:
        if what in LIMIT_NAMES:
            limit, amount = limit_name(what, self._text), limit_words(what, most, self._text)
            return self._text("bound.limit", limit=limit, most=amount)
        return self._text(f"bound.{what}", most=credits_words(int(most), self._text))

    def _credits(self, error: NotEnoughCredits | CapReached) -> str:
        if isinstance(error, CapReached):
            resets = relative_timestamp(error.resets_at)
            if error.scope is Scope.GRANTS:
                left = credits_words(error.left, self._text)
                return self._text("refused.grants_cap", left=left, resets=resets)
            if error.scope is Scope.OPERATOR:
                return self._text("refused.operator_cap", resets=resets)
            return self._text("refused.server_cap", left=credits_words(error.left, self._text), resets=resets)
        need, have = credits_words(error.need, self._text), credits_words(error.have, self._text)
        sentence = self._text("refused.credits", need=need, have=have)
        if error.refills_at is None:
            refill = self._text("refused.no_refill")
        else:
            refill = self._text("refused.refill", refills=relative_timestamp(error.refills_at))
        return f"{sentence} {refill}"
