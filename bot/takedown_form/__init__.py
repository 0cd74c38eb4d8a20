"""Public form for takedown requests, on an address of its own: `server` answers, `page` draws."""

from bot.takedown_form.server import TakedownForm, takedown_server

__all__ = ["TakedownForm", "takedown_server"]
