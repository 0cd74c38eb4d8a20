"""Blends two pictures without a visible seam."""

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, floats


def blended(front: Floats, back: Floats, mask: Floats, levels: int) -> Floats:
    """Blend with Laplacian pyramids (Burt and Adelson): coarse colours mix widely, fine detail narrowly."""
    height, width = mask.shape
    step = 2**levels
    front, back, mask = (_padded(one, -height % step, -width % step) for one in (front, back, mask))
    details: list[Floats] = []
    for _ in range(levels):
        smaller = [floats(cv2.pyrDown(one)) for one in (front, back, mask)]
        fine_front, fine_back = front - _larger(smaller[0], front), back - _larger(smaller[1], back)
        details.append(_mixed(fine_front, fine_back, mask))
        front, back, mask = smaller
    picture = _mixed(front, back, mask)
    for detail in reversed(details):
        picture = _larger(picture, detail) + detail
    return floats(np.clip(picture[:height, :width], 0, 255))


def _padded(values: Floats, below: int, right: int) -> Floats:
    return floats(cv2.copyMakeBorder(values, 0, below, 0, right, cv2.BORDER_REFLECT_101))


def _larger(values: Floats, like: Floats) -> Floats:
    return floats(cv2.pyrUp(values, dstsize=(like.shape[1], like.shape[0])))


def _mixed(front: Floats, back: Floats, mask: Floats) -> Floats:
    return floats(back + (front - back) * mask[..., None])
