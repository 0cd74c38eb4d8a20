"""Finds the features under a package: its modules, and the models that they declare."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from bot.models import FaceModel

ModelRegistry = Mapping[str, type[FaceModel]]


def iter_modules(package: str) -> Iterator[str]:
    """The module names of a package, in their order of name."""
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        yield found.name


def model_registry(package: str) -> ModelRegistry:
    """Every model declared under the package, by slug."""
    models = [
        thing
        for name in iter_modules(package)
        for thing in vars(importlib.import_module(name)).values()
        if isinstance(thing, type) and issubclass(thing, FaceModel) and thing.__module__ == name
    ]
    return {model.card.slug: model for model in models}
