"""Nonce: secret mark in the address of a job's first file, by which Segmind's history identifies the job."""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_PARAMETER = "doppel"


def new_nonce() -> str:
    """Return a nonce that nobody can guess: with it, somebody could pass another request off as the job's."""
    return secrets.token_hex(16)


def with_nonce(address: str, nonce: str) -> str:
    """Return the address with the nonce as the last parameter of its query."""
    separator = "&" if urlsplit(address).query else "?"
    return f"{address}{separator}{_PARAMETER}={nonce}"


def nonces_in(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Nonces of a request by the parameter whose address carries them."""
    found = ((name, _nonce_in(value)) for name, value in inputs.items())
    return {name: nonce for name, nonce in found if nonce is not None}


def without_queries(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with every address cut before its query, and with it the nonce."""
    return {
        name: value.partition("?")[0] if isinstance(value, str) and "://" in value[:9] else value
        for name, value in inputs.items()
    }


def _nonce_in(value: Any) -> str | None:
    # Most inputs carry none, and a data URL of megabytes is slow to split.
    if not isinstance(value, str) or f"{_PARAMETER}=" not in value:
        return None
    try:
        query = parse_qsl(urlsplit(value).query)
    except ValueError:
        return None
    # An address may come from an earlier order, whose nonce then stands before its own.
    return next((found for name, found in reversed(query) if name == _PARAMETER), None)
