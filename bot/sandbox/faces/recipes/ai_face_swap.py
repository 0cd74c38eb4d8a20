"""AI face swap: one face onto chosen faces of a video, or of a picture."""

from dataclasses import replace

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.detection.tracking import Track, Tracker
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.order import Order
from bot.sandbox.faces.photo import is_picture, write_photo
from bot.sandbox.faces.pipeline import Pipeline, Scene, warn_about
from bot.sandbox.faces.selection import Filter, Selector
from bot.sandbox.faces.swapping.swap import SwapOptions, swap_face
from bot.sandbox.faces.video.frames import read_frame
from bot.sandbox.faces.video.writer import rewrite_video
from bot.sandbox.segmind.engine import Rendering

_NOBODY = "None of the faces in the target fits the selection by gender, age and reference."


def render(pipeline: Pipeline, order: Order) -> Rendering:
    order.notes.ignored["face_selector_race"] = "the engine does not classify people by race"
    source = pipeline.source(order, "source_image")
    warn_about(order.notes, source.largest.face, "source's")
    if is_picture(order.file("target")):
        return _picture(pipeline, order, source)
    return _video(pipeline, order, source)


def _picture(pipeline: Pipeline, order: Order, source: Scene) -> Rendering:
    for parameter in ("reference_frame_number", "reference_face_distance"):
        order.notes.ignored[parameter] = "a picture has one frame, and its reference is the face itself"
    target = pipeline.target(order, "target", deep=True)
    selector = _selector(order)
    tracks = [Track(face, target.photo.picture, pipeline.people) for face in target.faces]
    result = target.photo.picture
    for track in selector.select(tracks):
        order.cancel_token.check()
        result = _swapped(order, source, Portrait(result, track.face))
        warn_about(order.notes, track.face, "target's")
        pipeline.compare(order.notes, source.largest, Portrait(result, track.face))
        order.notes.faces_swapped += 1
    if not order.notes.faces_swapped:
        raise CannotSwap(_NOBODY)
    # PNG keeps the target's transparency, and this model has no quality parameter.
    return order.rendered(write_photo(target.photo.with_picture(result), "png", 100), "image/png")


def _video(pipeline: Pipeline, order: Order, source: Scene) -> Rendering:
    swapper = _FrameSwapper(pipeline, order, source)
    content = rewrite_video(order.file("target"), swapper.change, order.cancel_token)
    if not order.notes.faces_found:
        raise CannotSwap("No face was found in any frame of the video.")
    if not order.notes.faces_swapped:
        raise CannotSwap(_NOBODY)
    return order.rendered(content, "video/mp4")


class _FrameSwapper:
    """Swaps the selected faces in one frame after another."""

    def __init__(self, pipeline: Pipeline, order: Order, source: Scene) -> None:
        self._pipeline, self._order, self._source = pipeline, order, source
        self._selector = _with_reference(pipeline, order, _selector(order))
        self._tracker = Tracker(pipeline.finder, pipeline.people)
        self._frames = 0

    def change(self, picture: Picture) -> Picture:
        notes, self._frames = self._order.notes, self._frames + 1
        tracks = self._tracker.update(picture)
        notes.faces_found = max(notes.faces_found, len(tracks))
        result, chosen = picture, self._selector.select(tracks)
        for track in chosen:
            result = _swapped(self._order, self._source, Portrait(result, track.face), seed=self._frames)
            warn_about(notes, track.face, "target's")
        if chosen and notes.identity_distance is None:
            self._pipeline.compare(notes, self._source.largest, Portrait(result, chosen[0].face))
        notes.faces_swapped = max(notes.faces_swapped, len(chosen))
        return result


def _selector(order: Order) -> Selector:
    parameters = order.parameters
    gender = parameters["face_selector_gender"]
    return Selector(
        mode=parameters["face_selector_mode"],
        order=parameters["face_selector_order"],
        filter=Filter(
            gender=None if gender in (None, "none") else gender,
            ages=(parameters["face_selector_age_start"], parameters["face_selector_age_end"]),
        ),
        max_distance=parameters["reference_face_distance"],
    )


def _with_reference(pipeline: Pipeline, order: Order, selector: Selector) -> Selector:
    """Add the first selected face of the reference frame, to find that person in all frames."""
    if selector.mode != "reference":
        for parameter in ("reference_frame_number", "reference_face_distance"):
            order.notes.ignored[parameter] = f"face_selector_mode is {selector.mode}"
        return selector
    number = max(1, order.parameters["reference_frame_number"])
    picture = read_frame(order.file("target"), number, order.cancel_token)
    # As the tracker searches: a face that only a deep search finds would never be seen again.
    found = pipeline.finder.faces(picture, deep=False)
    tracks = [Track(face, picture, pipeline.people) for face in found]
    candidates = selector.candidates(tracks)
    if not candidates:
        raise CannotSwap(
            f"Frame {number} of the video, the reference, shows no face that fits the selection."
        )
    return replace(selector, reference=candidates[0].embedding)


def _swapped(order: Order, source: Scene, target: Portrait, *, seed: int = 0) -> Picture:
    cap = int(str(order.parameters["pixel_boost"]).split("x", maxsplit=1)[0])
    return swap_face(source.largest, target, SwapOptions(side_cap=cap, seed=seed))
