"""Matches the source's skin to the target's light, and on request to its tone."""

from dataclasses import dataclass

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, floats
from bot.sandbox.faces.swapping.skin import Skin, gray, skin_area, to_lab, to_rgb

_ENOUGH_SKIN = 50
_SURELY_SKIN = 0.4
_COVERED = 0.5
_TOLERANCE = 4.2
_SMALL_SIGMA = 4.0
_SMALLEST_CHEEK = (12, 8)
_NOTICEABLY = 1.25


@dataclass(frozen=True, eq=False)
class ColourPlan:
    """Colour change in LAB: each pixel times `gain` plus `offset`."""

    gain: Floats
    offset: Floats

    def applied_to(self, picture: Floats) -> Floats:
        height, width = picture.shape[:2]
        offset = floats(cv2.resize(self.offset, (width, height), interpolation=cv2.INTER_LINEAR))
        return to_rgb(floats(to_lab(picture) * self.gain + offset))


def plan_colours(
    warped: Skin, target: Skin, coverage: Floats, mesh: Floats, size: float, *, keep_tone: bool
) -> ColourPlan:
    """Compare both skins; with `keep_tone` the source keeps its complexion and only the light changes."""
    mine, theirs = warped.lab, target.lab
    inside = floats((skin_area(mesh, mine.shape[:2]) > 0) & (coverage > _COVERED))
    my_skin, their_skin = warped.likeness(_TOLERANCE), target.likeness(_TOLERANCE)
    if inside.sum() < _ENOUGH_SKIN:
        return ColourPlan(np.ones(3, np.float32), np.zeros((1, 1, 3), np.float32))
    my_middle, my_spread = _statistics(mine, inside, my_skin)
    their_middle, their_spread = _statistics(theirs, inside, their_skin)
    gain = floats(np.clip(their_spread / my_spread, [0.75, 0.4, 0.4], [1.3, 1.15, 1.15]))
    pull = floats([0.6, 0.35, 0.35] if keep_tone else [1, 1, 1])
    if keep_tone:
        gain = floats(1 + (gain - 1) * 0.5)
    offset = my_middle * (1 - gain) + (their_middle - my_middle) * pull
    trust = floats(inside * their_skin * np.maximum(my_skin, 0.15))
    light = _light(floats(theirs - (mine * gain + offset)), trust, size, keep_tone=keep_tone)
    return ColourPlan(gain, floats(light + offset))


def _statistics(lab: Floats, inside: Floats, likeness: Floats) -> tuple[Floats, Floats]:
    skin = inside * likeness > _SURELY_SKIN
    samples = lab[skin if skin.sum() >= _ENOUGH_SKIN else inside > 0]
    return np.median(samples, axis=0), samples.std(axis=0) + 1e-3


def _light(lacking: Floats, trust: Floats, size: float, *, keep_tone: bool) -> Floats:
    """Return the gradual part of what the source lacks: the target's light over the face."""
    field = np.zeros_like(lacking)
    if trust.sum() <= _ENOUGH_SKIN:
        return field
    limit = floats([34, 9, 9])
    for reach, strength in ((0.25, [0.85, 0.51, 0.51]), (0.11, [0.425, 0, 0])):
        wanted = _spread(lacking - field, trust, size * reach)
        if keep_tone:  # Light may move over the face, but its average stays.
            wanted -= np.average(wanted, axis=(0, 1), weights=trust)
        field = field + np.clip(wanted, -limit, limit) * floats(strength)
    return floats(field)


def _spread(values: Floats, weights: Floats, sigma: float) -> Floats:
    """Return a Gaussian average of the weighted pixels, computed on a small copy because it is smooth."""
    scale = min(1.0, _SMALL_SIGMA / sigma)
    total, weight = (
        floats(cv2.resize(one, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        for one in (values * weights[..., None], weights)
    )
    total, weight = (floats(cv2.GaussianBlur(one, (0, 0), sigma * scale)) for one in (total, weight))
    average = total / np.maximum(weight, 1e-3)[..., None]
    return floats(cv2.resize(average, weights.shape[::-1], interpolation=cv2.INTER_LINEAR))


def match_sharpness(warped: Floats, target: Floats, mesh: Floats) -> Floats:
    """Blur a source that is sharper than the target, measured on cheeks and nose."""
    mine, theirs = detail_strength(warped, mesh), detail_strength(target, mesh)
    if mine <= theirs * _NOTICEABLY:
        return warped
    sigma = min(1.6, 0.45 * (mine / max(theirs, 0.05)) ** 0.5)
    return floats(cv2.GaussianBlur(warped, (0, 0), sigma))


def grain(warped: Floats, target: Floats, mesh: Floats, seed: int) -> Floats:
    """Return noise as strong as the target's, and at least a little, so that the seed has an effect."""
    lacking = max(detail_strength(target, mesh) ** 2 - detail_strength(warped, mesh) ** 2, 0) ** 0.5
    noise = np.random.default_rng(seed).standard_normal(warped.shape[:2], dtype=np.float32)
    noise -= floats(cv2.GaussianBlur(noise, (0, 0), 1.2))
    return floats(noise * np.clip(0.6 * lacking, 0.5, 2.2))[..., None]


def detail_strength(picture: Floats, mesh: Floats) -> float:
    cheeks = np.clip(mesh[[50, 280, 4, 205, 425], :2], 0, [picture.shape[1], picture.shape[0]])
    (left, top), (right, bottom) = cheeks.min(axis=0).astype(int), cheeks.max(axis=0).astype(int)
    if right - left < _SMALLEST_CHEEK[0] or bottom - top < _SMALLEST_CHEEK[1]:
        return 0.0
    cheek = gray(picture[top:bottom, left:right])
    return float(np.median(np.abs(cheek - cv2.GaussianBlur(cheek, (0, 0), 1.2))) * 1.48)
