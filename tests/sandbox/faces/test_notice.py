"""The notice names every third-party model with its licence."""

from bot.sandbox.faces.nets import WEIGHTS


def test_every_weight_is_named_in_the_notice() -> None:
    notice = (WEIGHTS / "NOTICE").read_text()
    weights = [path.name for path in WEIGHTS.iterdir() if path.suffix in {".onnx", ".tflite", ".npz", ".npy"}]
    assert len(weights) == 7
    for name in weights:
        assert name in notice
