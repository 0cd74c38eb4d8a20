"""A member's order, before anything in it is checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.orders.attachments import Upload
from bot.chat.orders.display_options import DisplayOptions
from bot.chat.orders.faces.face_sheets import OrderFile
from bot.ledger.account import Member
from bot.ledger.policy import MemberTerms
from bot.models import FaceModel

# Placeholder for the address of a file that is not uploaded yet.
NO_LINK = "data:,"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A model, its options and files, and the interaction in which the member asked for them."""

    interaction: Interaction
    model: type[FaceModel]
    values: dict[str, Any]
    display: DisplayOptions
    more: Sequence[Upload] = ()
    """Further targets, which make the order a batch."""

    @property
    def member(self) -> Member:
        return member_of(self.interaction)

    @property
    def count(self) -> int:
        """Number of its targets, each of which costs the same."""
        return 1 + len(self.more)


def with_defaults(model: type[FaceModel], values: Mapping[str, Any], terms: MemberTerms) -> dict[str, Any]:
    """The values, with the server's format of pictures where the member chose none."""
    option, chosen = model.format_option(), terms.defaults.image_format
    if option is None or chosen not in option.choices:
        return dict(values)
    return {option.name: chosen, **values}


def fill_in(model: type[FaceModel], values: Mapping[str, Any]) -> tuple[Mapping[str, OrderFile], FaceModel]:
    """The files of an order, and the model with Discord's own links, so that its options can be checked."""
    files = {name: values[name] for name in model.slots() if name in values}
    links = {model.face_slot(): NO_LINK} | {name: file.url or NO_LINK for name, file in files.items()}
    return files, model.model_validate(dict(values) | links)
