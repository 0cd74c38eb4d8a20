"""The parts that nearly every handler of Discord's side uses, as one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from discord.ext import commands

from bot.administration.credits import Archive
from bot.chat.background import Background
from bot.chat.messages import Messages
from bot.chat.text import Text
from bot.clock import Clock
from bot.faces.face import FaceRepository
from bot.jobs.history import JobHistory
from bot.ledger.ledger import Ledger
from bot.models import FaceModel, ModelCard
from bot.moderation.approvals import ApprovalRepository
from bot.moderation.avatars import AvatarRepository
from bot.moderation.cases import CaseRepository
from bot.moderation.member_data import MemberDataRepository
from bot.moderation.ports import ModerationStore
from bot.moderation.server_data import ServerDataRepository
from bot.moderation.takedowns import TakedownRepository
from bot.settings import Settings


class ChatStore(Ledger, Archive, Protocol):
    """The database, as Discord's side uses it."""

    @property
    def moderation(self) -> ModerationStore: ...
    @property
    def approvals(self) -> ApprovalRepository: ...
    @property
    def avatars(self) -> AvatarRepository: ...
    @property
    def cases(self) -> CaseRepository: ...
    @property
    def faces(self) -> FaceRepository: ...
    @property
    def job_history(self) -> JobHistory: ...
    @property
    def member_data(self) -> MemberDataRepository: ...
    @property
    def server_data(self) -> ServerDataRepository: ...
    @property
    def takedowns(self) -> TakedownRepository: ...

    async def owns(self, job_id: str) -> bool:
        """Return whether the job is open and this process's."""
        ...

    async def show_again(self, job_id: str) -> bool:
        """Have its owner show the end of a closed job again; return whether it was closed."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """Parts that handlers share. They take by name what only some of them need, such as the job service."""

    settings: Settings
    client: commands.Bot
    store: ChatStore
    models: Mapping[str, type[FaceModel]]
    cards: Mapping[str, ModelCard]
    text: Text
    clock: Clock
    background: Background
    messages: Messages
    message_for: Callable[[Exception], str]
    """The sentence that tells a member of an error."""
