"""Words the options that a model does not accept."""

import re

from pydantic import ValidationError

from bot.chat.text import Text
from bot.chat.ui.info_card import sanitize

# A choice in pydantic's list of them: "'png', 'jpeg' or 'webp'".
_QUOTED = re.compile(r"'([^']*)'")


def option_error(error: ValidationError, text: Text) -> str:
    """Sentence about the first option that is wrong."""
    first = error.errors(include_url=False)[0]
    option = str(first["loc"][0]) if first["loc"] else error.title
    problem = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    bounds = first.get("ctx", {})
    match first["type"]:
        case "greater_than_equal":
            sentence = text("refused.option_least", option=option, limit=bounds["ge"])
        case "less_than_equal":
            sentence = text("refused.option_most", option=option, limit=bounds["le"])
        case "literal_error":
            choices = ", ".join(f"`{choice}`" for choice in _QUOTED.findall(bounds["expected"]))
            sentence = text("refused.option_choices", option=option, choices=choices)
        case "int_parsing":
            sentence = text("refused.option_whole", option=option)
        case "float_parsing":
            sentence = text("refused.option_number", option=option)
        case _:
            sentence = text("refused.option", option=option, problem=text.phrase(problem))
    value = first["input"]
    if isinstance(value, str | int | float):
        given = text("refused.option_more", value=sanitize(str(value)))
        return f"{sentence} {given}"
    return sentence
