"""Forms as a member sees them."""

from typing import Any

import simcord


def fields(shown: simcord.InteractionResult) -> dict[str, dict[str, Any]]:
    """Fields of a form, by their ids."""
    assert shown.modal is not None
    labelled = [each["component"] for each in shown.modal["components"] if "component" in each]
    return {each["custom_id"]: each for each in labelled}


def choices(field: dict[str, Any]) -> list[str]:
    return [option["value"] for option in field["options"]]
