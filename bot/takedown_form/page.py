"""HTML of the takedown form, in the language of the browser."""

import html
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from string import Template

from bot.chat.text import ENGLISH, LANGUAGES, Text, language_of, speaking
from bot.moderation.takedowns import (
    CONTACT_LIMIT,
    LINK_LIMIT,
    NAME_LIMIT,
    STATEMENT_LIMIT,
    TakedownOutcome,
    TakedownRequest,
)

FILES = Path(__file__).with_name("files")
_LIMITS = {"name": NAME_LIMIT, "contact": CONTACT_LIMIT, "link": LINK_LIMIT, "signature": NAME_LIMIT}
_STATES = {
    None: "takedown_form.open",
    TakedownOutcome.REMOVED: "takedown_form.removed",
    TakedownOutcome.DECLINED: "takedown_form.declined",
}


def preferred(accept_language: str) -> str:
    """First language of the header `Accept-Language` that the bot speaks."""
    for each in accept_language.split(","):
        tag = each.partition(";")[0].strip()
        if tag.partition("-")[0].lower() in LANGUAGES:
            return language_of(tag)
    return ENGLISH


class Pages:
    """Draws the pages of the form."""

    def __init__(self, text: Text, *, contact: str | None, hours: float) -> None:
        self._text = text
        self._contact = contact
        self._hours = hours

    def form(self, language: str, values: Mapping[str, str], error: str = "") -> str:
        """The form, with what was typed before, and a sentence about what is wrong with it."""
        with speaking(language):
            text = self._text
            fields = {f"value_{name}": values.get(name, "") for name in (*_LIMITS, "statement")}
            labels = {
                name: text(key)
                for name, key in {
                    "heading": "takedown_form.heading",
                    "intro": "takedown_form.intro",
                    "name": "takedown_form.name",
                    "contact": "takedown_form.contact",
                    "file": "takedown_form.file",
                    "file_note": "takedown_form.file_note",
                    "link": "takedown_form.link",
                    "link_note": "takedown_form.link_note",
                    "statement": "takedown_form.statement",
                    "oath": "takedown_form.oath",
                    "signature": "takedown_form.signature",
                    "send": "takedown_form.send",
                    "look_up": "takedown_form.look_up",
                    "reference": "takedown_form.reference",
                    "show": "takedown_form.show",
                }.items()
            }
            labels["privacy"] = text("takedown_form.privacy", hours=f"{self._hours:g}")
            limits = {f"limit_{name}": str(limit) for name, limit in _LIMITS.items()}
            facts = labels | fields | limits | {"limit_statement": str(STATEMENT_LIMIT)}
            escaped = {name: html.escape(words) for name, words in facts.items()}
            body = Template((FILES / "form.html").read_text("utf-8")).substitute(
                escaped, error=self._alert(error), otherwise=self._otherwise()
            )
            return self._page(language, labels["heading"], body)

    def note(self, language: str, key: str, **facts: str) -> str:
        """A page with one sentence."""
        with speaking(language):
            sentence = html.escape(self._text(key, **facts))
            body = f'<p role="status">{sentence}</p>{self._otherwise()}<p><a href="./">{self._back()}</a></p>'
            return self._page(language, self._text("takedown_form.heading"), body)

    def received(self, language: str, request: TakedownRequest) -> str:
        with speaking(language):
            text = self._text
            until = f"{datetime.fromtimestamp(request.due_at, UTC):%Y-%m-%d %H:%M} UTC"
            thanks = html.escape(text("takedown_form.received", until=until))
            keep = html.escape(text("takedown_form.keep"))
            reference = f'<p class="reference"><code>{request.reference}</code></p>'
            body = f'<p role="status">{thanks}</p>{reference}<p>{keep}</p>{self._otherwise()}'
            return self._page(language, text("takedown_form.heading"), body)

    def state(self, language: str, request: TakedownRequest) -> str:
        at = datetime.fromtimestamp(request.decided_at or request.due_at, UTC)
        return self.note(language, _STATES[request.outcome], when=f"{at:%Y-%m-%d %H:%M} UTC")

    def _alert(self, key: str) -> str:
        return f'<p class="error" role="alert">{html.escape(self._text(key))}</p>' if key else ""

    def _otherwise(self) -> str:
        if self._contact is None:
            return ""
        words = self._text("takedown_form.otherwise", contact=self._contact)
        return f'<p class="note">{html.escape(words)}</p>'

    def _back(self) -> str:
        return html.escape(self._text("takedown_form.back"))

    def _page(self, language: str, title: str, body: str) -> str:
        template = Template((FILES / "page.html").read_text("utf-8"))
        return template.substitute(language=language, title=html.escape(title), body=body)
