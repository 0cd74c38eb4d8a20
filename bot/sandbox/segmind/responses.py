"""The bodies of the answers, in the shapes that Segmind's models are known or said to use (pure)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, assert_never

from bot.models import FaceModel
from bot.sandbox.segmind.requests import Completed, Failed, Inference, Output, Processing, Queued

Shape = Callable[[Output], dict[str, Any]]


def _kind(output: Output) -> str:
    return "video" if output.media_type.startswith("video/") else "image"


def _text(output: Output) -> dict[str, Any]:
    return {"output": output.url}


def _documented(output: Output) -> dict[str, Any]:
    """`images[]` or `video` beside the output, as the documentation of v2 has it."""
    described = {"url": output.url, "content_type": output.media_type}
    beside = {"video": described} if _kind(output) == "video" else {"images": [described]}
    return {"output": output.url, **beside}


def _listed(output: Output) -> dict[str, Any]:
    return {"output": [output.url], "images": [{"url": output.url}]}


def _nested(output: Output) -> dict[str, Any]:
    return {"output": {"url": output.url, "content_type": output.media_type}, "image_url": output.url}


# The text of v5 was seen live. Nobody wrote down the others, so they differ: a client must take them all.
SHAPES: Mapping[str, Shape] = {
    "faceswap-v5": _text,
    "faceswap-v3-multifaceswap": _listed,
    "faceswap-comic": _nested,
}


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
    told = {"status": state.word, "request_id": inference.request_id, "metrics": inference.metrics()}
    return {**told, "error": state.error} if isinstance(state, Failed) else told


def result(inference: Inference) -> dict[str, Any]:
    """COMPLETED alone has an output; a FAILED result looks as its status does."""
    told = status(inference)
    match inference.state:
        case Failed():
            return told
        case Queued() | Processing():
            return {**told, "error": None, "output": None}
        case Completed(output=output):
            told["metrics"] = {**told["metrics"], "local": dict(output.local)}
            return {**told, "error": None, **_shaped(inference.slug, output)}
        case _:
            assert_never(inference.state)


def _shaped(slug: str, output: Output) -> dict[str, Any]:
    if output.base64 is not None:
        return {"output": output.base64}
    return SHAPES.get(slug, _documented)(output)


def inline(output: Output) -> dict[str, Any]:
    """What v1 answers for `base64: true`."""
    return {_kind(output): output.base64}


def row(inference: Inference) -> dict[str, Any]:
    """A row of the history; what is not known yet is null."""
    state = inference.state
    completed = state if isinstance(state, Completed) else None
    ended = state if isinstance(state, Completed | Failed) else None
    return {
        "request_id": inference.request_id,
        "model_name": inference.slug,
        "model_status": inference.history_status(),
        "model_created": moment(inference.submitted_at),
        "model_finished": moment(ended.until) if ended else None,
        "credits_deduction": inference.usd,
        "request_body": dict(inference.body),
        "generation_url": completed.output.url if completed else None,
        "latency_ms": round((ended.until - inference.submitted_at) * 1000) if ended else None,
        "error": state.error if isinstance(state, Failed) else None,
    }


def listed(model: type[FaceModel]) -> dict[str, Any]:
    """A model in the catalogue; `is_depreciated` is how Segmind spells it."""
    return {
        "slug": model.card.slug,
        "name": model.card.title,
        "description": model.card.summary,
        "is_depreciated": False,
        "parameters_schema": model.model_json_schema(),
    }


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def page(title: str) -> str:
    """HTML, where a proxy answers in Segmind's stead."""
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>nginx</body></html>"
