"""MobileNet v2 in numpy, with the weights of nsfwjs."""

from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SIDE = 224
CLASSES = ("drawing", "hentai", "neutral", "porn", "sexy")
_WEIGHTS = "nsfw_mobilenet_v2.npz"
_EPSILON = 1e-3
# Blocks after the first one: those that halve the size, and those whose input is added to their output.
_BLOCKS = range(1, 17)
_HALVING = {1, 3, 6, 13}
_ADDED = {2, 4, 5, 7, 8, 9, 11, 12, 14, 15}


def classify(pixels: Floats) -> dict[str, float]:
    """Return the probability of each class for RGB from 0 to 1, 224 pixels a side."""
    weights = _weights()
    x = _relu6(_normalized(_first_convolution(pixels, weights["Conv1/kernel"]), "bn_Conv1"))
    x = _tail(x, "expanded_conv", halving=False)
    for number in _BLOCKS:
        name = f"block_{number}"
        y = _relu6(_normalized(x @ _kernel(f"{name}_expand"), f"{name}_expand_BN"))
        y = _tail(y, name, halving=number in _HALVING)
        x = x + y if number in _ADDED else y
    x = _relu6(_normalized(x @ _kernel("Conv_1"), "Conv_1_bn")).mean((0, 1))
    x = np.maximum(_dense(x, "dense_1"), 0)
    x = np.maximum(_dense(x, "dense_2"), 0)
    x = _dense(x, "dense_3")
    odds = np.exp(x - x.max())
    return dict(zip(CLASSES, map(float, odds / odds.sum()), strict=True))


@cache
def _weights() -> dict[str, Floats]:
    """Weights in floats; the file has them in eight bits, each with its smallest value and its step."""
    with files("bot.media.safety_gate").joinpath(_WEIGHTS).open("rb") as file, np.load(file) as stored:
        return {
            name: (stored[name] * stored[f"{name}@"][1] + stored[f"{name}@"][0]).astype(np.float32)
            for name in stored.files
            if not name.endswith("@")
        }


def _kernel(name: str) -> Floats:
    """Kernel of a convolution of single pixels, as a matrix."""
    return _weights()[f"{name}/kernel"][0, 0]


def _tail(x: Floats, name: str, *, halving: bool) -> Floats:
    """Filter each channel by itself, and then mix the channels."""
    x = _relu6(_normalized(_depthwise(x, f"{name}_depthwise", halving=halving), f"{name}_depthwise_BN"))
    return _normalized(x @ _kernel(f"{name}_project"), f"{name}_project_BN")


def _depthwise(x: Floats, name: str, *, halving: bool) -> Floats:
    kernel = _weights()[f"{name}/depthwise_kernel"][..., 0]
    padded = np.pad(x, ((0, 1), (0, 1), (0, 0)) if halving else ((1, 1), (1, 1), (0, 0)))
    step = 2 if halving else 1
    height, width = x.shape[0] // step, x.shape[1] // step
    result = np.zeros((height, width, x.shape[2]), np.float32)
    for row in range(3):
        for column in range(3):
            result += padded[row::step, column::step][:height, :width] * kernel[row, column]
    return result


def _first_convolution(x: Floats, kernel: Floats) -> Floats:
    padded = np.pad(x, ((0, 1), (0, 1), (0, 0)))
    half = SIDE // 2
    shifted = [padded[row::2, column::2][:half, :half] for row in range(3) for column in range(3)]
    return np.asarray(np.concatenate(shifted, 2) @ kernel.reshape(27, -1), np.float32)


def _normalized(x: Floats, name: str) -> Floats:
    weights = _weights()
    factor = weights[f"{name}/gamma"] / np.sqrt(weights[f"{name}/moving_variance"] + _EPSILON)
    shift = weights[f"{name}/beta"] - weights[f"{name}/moving_mean"] * factor
    return np.asarray(x * factor + shift, np.float32)


def _relu6(x: Floats) -> Floats:
    return np.asarray(np.clip(x, 0, 6), np.float32)


def _dense(x: Floats, name: str) -> Floats:
    return x @ _weights()[f"{name}/kernel"] + _weights()[f"{name}/bias"]
