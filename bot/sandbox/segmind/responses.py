"""Response bodies, in the shapes that Segmind's models are known or documented to use (pure)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, assert_never

from bot.models import FaceModel
from bot.sandbox.segmind.requests import Completed, Failed, Inference, Output, Processing, Queued

Shape = Callable[[Output], dict[str, Any]]


def _kind(output: Output) -> str:
    return "video" if output.media_type.startswith("video/") else "image"


def url_only(output: Output) -> dict[str, Any]:
    return {"output": output.url}


def _documented(output: Output) -> dict[str, Any]:
    """Add `images[]` or `video` beside the output, as the v2 documentation describes."""
    described = {"url": output.url, "content_type": output.media_type}
    beside = {"video": described} if _kind(output) == "video" else {"images": [described]}
    return {"output": output.url, **beside}


def _listed(output: Output) -> dict[str, Any]:
    return {"output": [output.url], "images": [{"url": output.url}]}


def _nested(output: Output) -> dict[str, Any]:
    return {"output": {"url": output.url, "content_type": output.media_type}, "image_url": output.url}


# The pages document a URL. The other shapes are undocumented, and a client must accept all of them.
SHAPES: Mapping[str, Shape] = {"documented": _documented, "listed": _listed, "nested": _nested}


def submitted(inference: Inference, origin: str) -> dict[str, Any]:
    status_url = f"{origin}/v2/requests/{inference.request_id}/status"
    return {
        "request_id": inference.request_id,
        "status": "QUEUED",
        "poll_url": status_url,
        "status_url": status_url,
        "response_url": f"{origin}/v2/requests/{inference.request_id}",
    }


def status(inference: Inference) -> dict[str, Any]:
    state = inference.state
    body = {"status": state.status, "request_id": inference.request_id, "metrics": inference.metrics()}
    return {**body, "error": state.error} if isinstance(state, Failed) else body


def result(inference: Inference, shape: Shape = url_only) -> dict[str, Any]:
    """Return the body of a result; only COMPLETED has an output, and FAILED equals its status."""
    body = status(inference)
    match inference.state:
        case Failed():
            return body
        case Queued() | Processing():
            return {**body, "error": None, "output": None}
        case Completed(output=output):
            body["metrics"] = {**body["metrics"], "local": dict(output.local)}
            return {**body, "error": None, **_shaped(output, shape)}
        case _:
            assert_never(inference.state)


def _shaped(output: Output, shape: Shape) -> dict[str, Any]:
    return shape(output) if output.base64 is None else {"output": output.base64}


def inline(output: Output) -> dict[str, Any]:
    """Return the body of a v1 call with `base64: true`."""
    return {_kind(output): output.base64}


def row(inference: Inference) -> dict[str, Any]:
    """Return a row of the history; values not known yet are null."""
    state = inference.state
    completed = state if isinstance(state, Completed) else None
    ended = state if isinstance(state, Completed | Failed) else None
    return {
        "request_id": inference.request_id,
        "model_name": inference.slug,
        "model_status": inference.history_status(),
        "model_created": timestamp(inference.submitted_at),
        "model_finished": timestamp(ended.ended_at) if ended else None,
        "credits_deduction": inference.usd,
        "request_body": dict(inference.body),
        "generation_url": completed.output.url if completed else None,
        "latency_ms": round((ended.ended_at - inference.submitted_at) * 1000) if ended else None,
        "error": state.error if isinstance(state, Failed) else None,
    }


def listed(model: type[FaceModel]) -> dict[str, Any]:
    """Return a model's entry in the catalogue; `is_depreciated` is Segmind's spelling."""
    return {
        "slug": model.card.slug,
        "name": model.card.title,
        "description": model.card.summary,
        "is_depreciated": False,
        "parameters_schema": model.model_json_schema(),
    }


def timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def error_page(title: str) -> str:
    """Return the HTML page that a proxy in front of Segmind sends."""
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>nginx</body></html>"
