"""Sentences of the catalogue, so that a test needs not repeat them."""

import re

from bot.chat.text import ENGLISH, catalogue


def wording(key: str, language: str = ENGLISH) -> str:
    """The longest part of a sentence into which nothing is filled, as it stands in a message."""
    sentences = catalogue(language)
    sentence = sentences.get(key) or sentences[f"{key}.other"]
    return max(re.split(r"\{\w+\}", sentence), key=len).strip()
