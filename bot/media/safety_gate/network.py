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
# Names of normalisations that do not follow from the names of their layers.
_NORMS = {"Conv1": "bn_Conv1", "Conv_1": "Conv_1_bn"}
# Blocks after the first one: those that halve the size, and those whose input is added to their output.
_BLOCKS = range(1, 17)
_HALVING = {1, 3, 6, 13}
_ADDED = {2, 4, 5, 7, 8, 9, 11, 12, 14, 15}


def classify(pixels: Floats) -> dict[str, float]:
    """Return the probability of each class for RGB from 0 to 1, 224 pixels a side."""
    x = _limited(_dense(_patches(pixels), "Conv1"))
    x = _tail(x, "expanded_conv", halving=False)
    for number in _BLOCKS:
        name = f"block_{number}"
        y = _tail(_limited(_dense(x, f"{name}_expand")), name, halving=number in _HALVING)
        x = x + y if number in _ADDED else y
    x = _limited(_dense(x, "Conv_1")).mean((0, 1))
    x = np.maximum(_dense(x, "dense_1"), 0)
    x = np.maximum(_dense(x, "dense_2"), 0)
    x = _dense(x, "dense_3")
    odds = np.exp(x - x.max())
    return dict(zip(CLASSES, map(float, odds / odds.sum()), strict=True))


@cache
def _layers() -> dict[str, tuple[Floats, Floats]]:
    """Kernel of each layer, and what it adds to its output."""
    weights = _weights()
    return {
        path.partition("/")[0]: _layer(weights, path)
        for path in weights
        if path.endswith(("/kernel", "/depthwise_kernel"))
    }


def _layer(weights: dict[str, Floats], path: str) -> tuple[Floats, Floats]:
    name, _, part = path.partition("/")
    kernel = weights[path]
    kernel = kernel.reshape(3, 3, -1) if part == "depthwise_kernel" else kernel.reshape(-1, kernel.shape[-1])
    norm = _NORMS.get(name, f"{name}_BN")
    if f"{norm}/gamma" not in weights:
        return kernel, weights[f"{name}/bias"]
    # Most layers normalise their output by constants, which become part of the kernel.
    factor = weights[f"{norm}/gamma"] / np.sqrt(weights[f"{norm}/moving_variance"] + _EPSILON)
    addend = weights[f"{norm}/beta"] - weights[f"{norm}/moving_mean"] * factor
    return np.asarray(kernel * factor, np.float32), np.asarray(addend, np.float32)


def _weights() -> dict[str, Floats]:
    """Weights in floats; the file has them in eight bits, each with its smallest value and its step."""
    with files("bot.media.safety_gate").joinpath(_WEIGHTS).open("rb") as file, np.load(file) as stored:
        return {
            name: (stored[name] * stored[f"{name}@"][1] + stored[f"{name}@"][0]).astype(np.float32)
            for name in stored.files
            if not name.endswith("@")
        }


def _tail(x: Floats, name: str, *, halving: bool) -> Floats:
    """Filter each channel by itself, and then mix the channels."""
    return _dense(_limited(_depthwise(x, f"{name}_depthwise", halving=halving)), f"{name}_project")


def _depthwise(x: Floats, name: str, *, halving: bool) -> Floats:
    kernel, addend = _layers()[name]
    padded = np.pad(x, ((0, 1), (0, 1), (0, 0)) if halving else ((1, 1), (1, 1), (0, 0)))
    step = 2 if halving else 1
    height, width = x.shape[0] // step, x.shape[1] // step
    result = np.broadcast_to(addend, (height, width, x.shape[2])).copy()
    part = np.empty_like(result)
    # A kernel for each pixel of a row lets numpy multiply whole rows, instead of the channels of one pixel.
    kernel = np.repeat(kernel[:, :, None], width, 2)
    for row in range(3):
        for column in range(3):
            result += np.multiply(padded[row::step, column::step][:height, :width], kernel[row, column], part)
    return result


def _patches(x: Floats) -> Floats:
    """Return the surroundings of every second pixel, which the first layer sees at once."""
    padded = np.pad(x, ((0, 1), (0, 1), (0, 0)))
    half = SIDE // 2
    return np.concatenate(
        [padded[row::2, column::2][:half, :half] for row in range(3) for column in range(3)], 2
    )


def _limited(x: Floats) -> Floats:
    """Limit values from 0 to 6 where they are, because copies of large layers take a third of the time."""
    return np.clip(x, 0, 6, out=x)


def _dense(x: Floats, name: str) -> Floats:
    kernel, addend = _layers()[name]
    y = x @ kernel
    y += addend
    return y
