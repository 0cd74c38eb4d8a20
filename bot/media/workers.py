"""The bot's media workers, one for each kind of work, so that none waits behind slower work."""

import os

from bot.media.worker.limits import MIB, WorkerLimits
from bot.media.worker.process import MediaWorker

FIT_SECONDS = 90.0
"""Seconds to make one result fit; after that, the card shows its link instead."""
# Encoding stops by itself; the rest is for the step that it is in.
_ENCODER_SECONDS = FIT_SECONDS + 10
# Only a timestamp server can take long, and the member waits meanwhile.
_SIGNING_SECONDS = 20.0
_GATE = "bot.media.safety_gate.gate"
_MARKING = ("PIL.Image", "av", "bot.media.pixel_marks", _GATE)


class MediaWorkers:
    """Workers, whose children start when they are needed."""

    def __init__(self) -> None:
        self.uploads = MediaWorker(WorkerLimits(preload=("PIL.Image", "av", _GATE)), children=2)
        """Opens the files of members, two at a time: one that takes long does not hold up the others."""
        self.results = MediaWorker(
            WorkerLimits(cpu_seconds=30, wall_seconds=60, memory=1024 * MIB, preload=_MARKING)
        )
        """Inspects and marks results, which come from Segmind and are larger, and draws charts."""
        self.encoder = MediaWorker(
            WorkerLimits(
                cpu_seconds=int(_ENCODER_SECONDS) * (os.cpu_count() or 1),
                wall_seconds=_ENCODER_SECONDS,
                memory=2048 * MIB,
                preload=_MARKING,
            )
        )
        """Makes results fit, which uses all cores."""
        self.signing = MediaWorker(
            WorkerLimits(wall_seconds=_SIGNING_SECONDS, memory=1024 * MIB, preload=("c2pa",))
        )
        """Signs results, and waits for the timestamp server."""
        self.faces = MediaWorker(
            WorkerLimits(cpu_seconds=60, wall_seconds=60, memory=1024 * MIB, preload=("cv2", "PIL.Image"))
        )
        """Finds faces, if the packages for it are installed."""
        self.detection = MediaWorker(WorkerLimits(cpu_seconds=20, wall_seconds=60, preload=_MARKING))
        """Reads watermarks, which takes seconds."""

    def close(self) -> None:
        for worker in (self.uploads, self.results, self.encoder, self.signing, self.faces, self.detection):
            worker.close()
