"""Checks the settings that name models, once the models are known."""

from collections.abc import Mapping

from bot.models import FaceModel
from bot.settings.sections import Settings
from bot.settings.sources import SettingsError


def check_model_names(settings: Settings, models: Mapping[str, type[FaceModel]]) -> None:
    """Raise `SettingsError` for a price of an unknown model, or a factor of an unknown choice."""
    choices = {
        f"{slug}.{option}.{choice}" for slug, model in models.items() for option, choice in model.card.factors
    }
    for setting, names, known, problem in (
        ("credits.prices", set(settings.credits.prices), set(models), "not a model; the models are"),
        (
            "credits.factors",
            set(settings.credits.factors),
            choices,
            "not a choice that changes a cost; those are",
        ),
    ):
        if unknown := sorted(names - known):
            raise SettingsError(
                [f"{setting} names {unknown[0]!r}, which is {problem} {', '.join(sorted(known))}"]
            )
