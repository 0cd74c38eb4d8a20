"""What the commands about credits work with, and the part of the client that gives it to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from discord import app_commands

from bot.administration.access import Wardens
from bot.administration.credits import Office
from bot.chat.background import Background
from bot.chat.consent import Consent
from bot.chat.doorkeeper import Doorkeeper
from bot.chat.inputs import Inputs
from bot.chat.kept import KeptResults
from bot.chat.options import Interaction
from bot.chat.pages import Entry, Pages, Wish
from bot.chat.privacy import Privacy
from bot.chat.recall import Recall, Source
from bot.chat.text import Text
from bot.clock import Clock
from bot.faces.detection import Spotter
from bot.faces.saved_faces import Album
from bot.jobs.history import Recents
from bot.jobs.service import Desk
from bot.ledger.ledger import Books
from bot.ledger.policy import Policy
from bot.models import FaceModel, ModelCard
from bot.moderation.approvals import Verdict
from bot.moderation.cases import Step


class Cases(Protocol):
    """What becomes of a result that somebody objects to; the first two answer the interaction themselves."""

    async def report(self, interaction: Interaction, job_id: str) -> None: ...

    async def remove(self, interaction: Interaction, job_id: str) -> None: ...

    async def act(self, interaction: Interaction, number: int, step: Step) -> None:
        """A button on the card of a case was pressed."""
        ...

    async def open_cases(self, guild_id: int, wish: Wish) -> Sequence[Entry]: ...

    async def is_down(self, job_id: str) -> bool:
        """Whether the job's result is shown to nobody any more."""
        ...


class Approvals(Protocol):
    """What becomes of results that wait for moderators."""

    async def decide(self, interaction: Interaction, job_id: str, verdict: Verdict) -> None:
        """A button on the card of a result was pressed."""
        ...

    async def waiting_in(self, guild_id: int) -> int:
        """How many wait in this server."""
        ...

    async def can_ask(self, guild_id: int) -> bool:
        """Whether the bot may write in the log of this server."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    desk: Desk
    office: Office
    books: Books
    policy: Policy
    cards: Mapping[str, ModelCard]
    models: Mapping[str, type[FaceModel]]
    recall: Recall
    kept: KeptResults
    recents: Recents
    pages: Pages
    album: Album
    inputs: Inputs
    source: Source
    spotter: Spotter | None
    """Finds faces in pictures, where what that takes is installed."""
    doorkeeper: Doorkeeper
    consent: Consent
    wardens: Wardens
    cases: Cases
    approvals: Approvals
    privacy: Privacy
    background: Background
    text: Text
    clock: Clock


class Host(Protocol):
    """The part of the client that a feature needs."""

    @property
    def tree(self) -> app_commands.CommandTree[Any]: ...

    @property
    def services(self) -> Services: ...
