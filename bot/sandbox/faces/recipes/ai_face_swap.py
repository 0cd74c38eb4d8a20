"""AI face swap: one face onto chosen faces of a video, or of a picture."""

from dataclasses import replace

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.detection.tracking import Track, Tracker
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.order import Order, Rendering
from bot.sandbox.faces.photo import is_picture, write_photo
from bot.sandbox.faces.pipeline import Bench, Scene, warn_about
from bot.sandbox.faces.selection import Filter, Selector
from bot.sandbox.faces.swapping.swap import Manner, swap_face
from bot.sandbox.faces.video.frames import frame_of
from bot.sandbox.faces.video.writer import rewritten

_NOBODY = "None of the faces in the target fits the selection by gender, age and reference."


def render(bench: Bench, order: Order) -> Rendering:
    order.notes.ignored["face_selector_race"] = "the engine does not classify people by race"
    source = bench.source(order, "source_image")
    warn_about(order.notes, source.largest.face, "source's")
    if is_picture(order.medium("target")):
        return _picture(bench, order, source)
    return _video(bench, order, source)


def _picture(bench: Bench, order: Order, source: Scene) -> Rendering:
    for parameter in ("reference_frame_number", "reference_face_distance"):
        order.notes.ignored[parameter] = "a picture has one frame, and its reference is the face itself"
    target = bench.target(order, "target", deep=True)
    selector = _selector(order)
    tracks = [Track(face, target.photo.picture, bench.people) for face in target.faces]
    result = target.photo.picture
    for track in selector.chosen(tracks):
        order.lifeline.check()
        result = _swapped(order, source, Portrait(result, track.face))
        warn_about(order.notes, track.face, "target's")
        bench.compare(order.notes, source.largest, Portrait(result, track.face))
        order.notes.faces_swapped += 1
    if not order.notes.faces_swapped:
        raise CannotSwap(_NOBODY)
    # PNG: a picture may have come with transparency, and no quality was asked for.
    return order.rendered(write_photo(target.photo.with_picture(result), "png", 100), "image/png")


def _video(bench: Bench, order: Order, source: Scene) -> Rendering:
    film = _Filming(bench, order, source)
    content = rewritten(order.medium("target"), film.change, order.lifeline)
    if not order.notes.faces_found:
        raise CannotSwap("No face was found in any frame of the video.")
    if not order.notes.faces_swapped:
        raise CannotSwap(_NOBODY)
    return order.rendered(content, "video/mp4")


class _Filming:
    """Swaps in one frame after another."""

    def __init__(self, bench: Bench, order: Order, source: Scene) -> None:
        self._bench, self._order, self._source = bench, order, source
        self._selector = _with_reference(bench, order, _selector(order))
        self._tracker = Tracker(bench.finder, bench.people)
        self._frames = 0

    def change(self, picture: Picture) -> Picture:
        notes, self._frames = self._order.notes, self._frames + 1
        tracks = self._tracker.see(picture)
        notes.faces_found = max(notes.faces_found, len(tracks))
        result, chosen = picture, self._selector.chosen(tracks)
        for track in chosen:
            result = _swapped(self._order, self._source, Portrait(result, track.face), seed=self._frames)
            warn_about(notes, track.face, "target's")
        if chosen and notes.identity_distance is None:
            self._bench.compare(notes, self._source.largest, Portrait(result, chosen[0].face))
        notes.faces_swapped = max(notes.faces_swapped, len(chosen))
        return result


def _selector(order: Order) -> Selector:
    wishes = order.parameters
    gender = wishes["face_selector_gender"]
    return Selector(
        mode=wishes["face_selector_mode"],
        order=wishes["face_selector_order"],
        filter=Filter(
            gender=None if gender in (None, "none") else gender,
            ages=(wishes["face_selector_age_start"], wishes["face_selector_age_end"]),
        ),
        furthest=wishes["reference_face_distance"],
    )


def _with_reference(bench: Bench, order: Order, selector: Selector) -> Selector:
    """Whoever comes first in the reference frame is looked for in all others."""
    if selector.mode != "reference":
        for parameter in ("reference_frame_number", "reference_face_distance"):
            order.notes.ignored[parameter] = f"face_selector_mode is {selector.mode}"
        return selector
    number = max(1, order.parameters["reference_frame_number"])
    picture = frame_of(order.medium("target"), number, order.lifeline)
    tracks = [Track(face, picture, bench.people) for face in bench.finder.faces(picture)]
    candidates = selector.candidates(tracks)
    if not candidates:
        raise CannotSwap(
            f"Frame {number} of the video, the reference, shows no face that fits the selection."
        )
    return replace(selector, reference=candidates[0].embedding)


def _swapped(order: Order, source: Scene, target: Portrait, *, seed: int = 0) -> Picture:
    cap = int(str(order.parameters["pixel_boost"]).split("x", maxsplit=1)[0])
    return swap_face(source.largest, target, Manner(side_cap=cap, seed=seed))
