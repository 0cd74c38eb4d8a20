"""Multi face swap: chosen faces of one picture onto chosen faces of another."""

from collections.abc import Sequence

import cv2

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Face, Portrait, in_order
from bot.sandbox.faces.order import Notes, Order
from bot.sandbox.faces.pipeline import Pipeline, Scene, encode_result, warn_about
from bot.sandbox.faces.selection import indices, pick
from bot.sandbox.faces.swapping.restore import Restoration
from bot.sandbox.faces.swapping.swap import SwapOptions, swap_face
from bot.sandbox.segmind.engine import Rendering

_SAMPLINGS = {
    "Nearest": cv2.INTER_NEAREST,
    "Bilinear": cv2.INTER_LINEAR,
    "Bicubic": cv2.INTER_CUBIC,
    "Lanczos": cv2.INTER_LANCZOS4,
}
# Amounts of fine and coarse detail that each restorer is known to bring out.
_BANDS = {
    "codeformer-v0.1.0.pth": (1.1, 0.35),
    "GFPGANv1.4.pth": (1.3, 0.2),
    "GFPGANv1.3.pth": (0.9, 0.5),
}


def render(pipeline: Pipeline, order: Order) -> Rendering:
    parameters = order.parameters
    deep = str(parameters["facedetection"]).startswith("retinaface")
    order.notes.approximated["facedetection"] = f"BlazeFace, {'deep' if deep else 'shallow'} scan"
    source = pipeline.source(order, "source_img", deep=deep)
    target = pipeline.target(order, "target_img", deep=deep)
    source_faces = _select_faces(pipeline, order, source, "source")
    target_faces = _select_faces(pipeline, order, target, "input")
    options = SwapOptions(sampling=_SAMPLINGS[parameters["interpolation"]], restoration=_restoration(order))
    pairs = _pair(source_faces, target_faces, order.notes)
    result: Picture = target.photo.picture
    for source_face, target_face in pairs:
        order.cancel_token.check()
        result = swap_face(source.portrait(source_face), Portrait(result, target_face), options)
    for source_face, target_face in pairs:
        warn_about(order.notes, source_face, "source's")
        warn_about(order.notes, target_face, "target's")
        pipeline.compare(order.notes, source.portrait(source_face), Portrait(result, target_face))
    order.notes.faces_swapped = len(pairs)
    return encode_result(order, target.photo.with_picture(result), "image_format", "image_quality")


def _select_faces(pipeline: Pipeline, order: Order, scene: Scene, side: str) -> list[Face]:
    """Select faces by index, counted among the faces of the requested gender."""
    whose = "target picture" if side == "input" else "source picture"
    gender, index_parameter = order.parameters[f"detect_gender_{side}"], f"{side}_faces_index"
    faces, picture = scene.faces, scene.photo.picture
    if gender != "no":
        faces = [face for face in faces if pipeline.people.gender(picture, face) == gender]
        if not faces:
            raise CannotSwap(f"No face in the {whose} looks {gender}.")
    ordered = in_order(faces, order.parameters["detection_face_order"])
    return pick(ordered, indices(order.parameters[index_parameter], index_parameter), whose)


def _pair(
    source_faces: Sequence[Face], target_faces: Sequence[Face], notes: Notes
) -> list[tuple[Face, Face]]:
    """Pair source and target faces: one source face serves all targets, several serve one target each."""
    if len(source_faces) == 1:
        return [(source_faces[0], target_face) for target_face in target_faces]
    if (unpaired := len(target_faces) - len(source_faces)) > 0:
        notes.warn(f"{unpaired} of the chosen target faces had no source face left for them.")
    return list(zip(source_faces, target_faces, strict=False))


def _restoration(order: Order) -> Restoration | None:
    restorer = order.parameters["face_restore"]
    if restorer == "disable":
        order.notes.ignored["face_restore_weight"] = "face_restore is disabled"
        return None
    order.notes.approximated["face_restore"] = "classical denoising and sharpening at the weight asked for"
    return Restoration(order.parameters["face_restore_weight"], *_BANDS[restorer])
