"""Where members come in, put together: the intake of orders, and what every other command works with."""

from bot.chat.approvals import ApprovalRoom
from bot.chat.cases import CaseRoom
from bot.chat.errors import Words
from bot.chat.inputs import Inputs
from bot.chat.intake import Intake
from bot.chat.kept import KeptResults
from bot.chat.pages import Pages
from bot.chat.recall import Recall
from bot.chat.services import Services
from bot.engine import Engine
from bot.faces.detection import Spotter
from bot.front import Front
from bot.protection import Protection
from bot.segmind.client import SegmindClient
from bot.settings import Settings
from bot.store import SqlStore


def receive(
    settings: Settings,
    front: Front,
    protection: Protection,
    engine: Engine,
    cases: CaseRoom,
    *,
    approvals: ApprovalRoom,
    segmind: SegmindClient,
    store: SqlStore,
    spotter: Spotter | None,
    words: Words,
) -> None:
    """From here on the client takes orders and answers commands."""
    inputs = Inputs(segmind, links=settings.segmind.inputs == "link")
    intake = Intake(
        desk=engine.desk,
        doorkeeper=protection.doorkeeper,
        consent=protection.consent,
        inputs=inputs,
        album=front.album,
        befores=front.befores,
        messages=front.messages,
        background=front.background,
        words=words,
        clock=front.clock,
        limits=front.limits,
    )
    services = Services(
        desk=engine.desk,
        office=engine.office,
        books=store,
        policy=engine.policy,
        cards=front.cards,
        models=front.models,
        recall=Recall(segmind),
        pages=Pages(front.text),
        doorkeeper=protection.doorkeeper,
        consent=protection.consent,
        wardens=protection.wardens,
        cases=cases,
        approvals=approvals,
        privacy=protection.privacy(),
        album=front.album,
        inputs=inputs,
        source=segmind,
        spotter=spotter,
        kept=KeptResults(segmind, front.results),
        recents=store.recents,
        background=front.background,
        text=front.text,
        clock=front.clock,
    )
    front.client.serve(intake, services)
