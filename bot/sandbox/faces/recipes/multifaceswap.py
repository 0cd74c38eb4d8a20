"""Multi face swap: chosen faces of one picture onto chosen faces of another."""

from collections.abc import Sequence

import cv2

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Face, Portrait, in_order
from bot.sandbox.faces.order import Notes, Order, Rendering
from bot.sandbox.faces.pipeline import Bench, Scene, delivered, warn_about
from bot.sandbox.faces.selection import indices, picked
from bot.sandbox.faces.swapping.restore import Restoration
from bot.sandbox.faces.swapping.swap import Manner, swap_face

_SAMPLINGS = {
    "Nearest": cv2.INTER_NEAREST,
    "Bilinear": cv2.INTER_LINEAR,
    "Bicubic": cv2.INTER_CUBIC,
    "Lanczos": cv2.INTER_LANCZOS4,
}
# How much fine and how much coarse detail each restorer is known to bring out.
_BANDS = {
    "codeformer-v0.1.0.pth": (1.1, 0.35),
    "GFPGANv1.4.pth": (1.3, 0.2),
    "GFPGANv1.3.pth": (0.9, 0.5),
}


def render(bench: Bench, order: Order) -> Rendering:
    wishes = order.parameters
    deep = str(wishes["facedetection"]).startswith("retinaface")
    order.notes.approximated["facedetection"] = f"BlazeFace, {'deep' if deep else 'shallow'} scan"
    source = bench.source(order, "source_img", deep=deep)
    target = bench.target(order, "target_img", deep=deep)
    lenders = _wanted(bench, order, source, "source")
    wearers = _wanted(bench, order, target, "input")
    manner = Manner(sampling=_SAMPLINGS[wishes["interpolation"]], restoration=_restoration(order))
    pairs = _paired(lenders, wearers, order.notes)
    result: Picture = target.photo.picture
    for lender, wearer in pairs:
        order.lifeline.check()
        result = swap_face(source.portrait(lender), Portrait(result, wearer), manner)
    for lender, wearer in pairs:
        warn_about(order.notes, lender, "source's")
        warn_about(order.notes, wearer, "target's")
        bench.compare(order.notes, source.portrait(lender), Portrait(result, wearer))
    order.notes.faces_swapped = len(pairs)
    return delivered(order, target.photo.with_picture(result), "image_format", "image_quality")


def _wanted(bench: Bench, order: Order, scene: Scene, side: str) -> list[Face]:
    """The faces with the wanted indices, counted among those of the wanted gender."""
    whose = "target picture" if side == "input" else "source picture"
    gender, index_parameter = order.parameters[f"detect_gender_{side}"], f"{side}_faces_index"
    faces, picture = scene.faces, scene.photo.picture
    if gender != "no":
        faces = [face for face in faces if bench.people.gender(picture, face) == gender]
        if not faces:
            raise CannotSwap(f"No face in the {whose} looks {gender}.")
    ordered = in_order(faces, order.parameters["detection_face_order"])
    return picked(ordered, indices(order.parameters[index_parameter], index_parameter), whose)


def _paired(lenders: Sequence[Face], wearers: Sequence[Face], notes: Notes) -> list[tuple[Face, Face]]:
    """One source face serves all targets; several are dealt out in turn, each once."""
    if len(lenders) == 1:
        return [(lenders[0], wearer) for wearer in wearers]
    if len(wearers) > len(lenders):
        notes.warn(
            f"{len(wearers) - len(lenders)} of the chosen target faces had no source face left for them."
        )
    return list(zip(lenders, wearers, strict=False))


def _restoration(order: Order) -> Restoration | None:
    restorer = order.parameters["face_restore"]
    if restorer == "disable":
        order.notes.ignored["face_restore_weight"] = "face_restore is disabled"
        return None
    order.notes.approximated["face_restore"] = "classical denoising and sharpening at the weight asked for"
    return Restoration(order.parameters["face_restore_weight"], *_BANDS[restorer])
