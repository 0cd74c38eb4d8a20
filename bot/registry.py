"""Discovery of the modules of a package, and of the models that they declare."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from bot.models import FaceModel

ModelRegistry = Mapping[str, type[FaceModel]]


def iter_modules(package: str) -> Iterator[str]:
    """Names of the package's modules, sorted."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        yield module.name


def model_registry(package: str) -> ModelRegistry:
    """All models declared in the package, by slug."""
    models = [
        value
        for name in iter_modules(package)
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and issubclass(value, FaceModel) and value.__module__ == name
    ]
    return {model.card.slug: model for model in models}
