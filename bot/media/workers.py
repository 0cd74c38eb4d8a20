"""The bot's media workers, one for each kind of work, so that none waits behind slower work."""

import os
from dataclasses import replace

from bot.media import operations
from bot.media.types import Damaged, InspectedFile, Limits, TooCostly, TooManyPixels
from bot.media.worker.limits import MIB, WorkerLimits
from bot.media.worker.process import MediaWorker

FIT_SECONDS = 90.0
"""Seconds to make one result fit; after that, the card shows its link instead."""
QUICK_SECONDS = 2
"""Processor time for a file that others wait behind."""
QUICK_PIXELS = 12_582_912
"""4096 x 3072, the photo of most phones."""
QUICK_FRAME_PIXELS = 2_088_960
"""1920 x 1088, because a video's height is a multiple of 16."""
ANIMATION_PIXELS = 3_686_400
"""2560 x 1440: converting a larger animation takes more memory than a worker may have."""
# Encoding stops by itself; the rest is for the step that it is in.
_ENCODER_SECONDS = FIT_SECONDS + 10
# Only a timestamp server can take long, and the member waits meanwhile.
_SIGNING_SECONDS = 20.0
_GATE = "bot.media.safety_gate.gate"
_MARKING = ("PIL.Image", "av", "bot.media.marks.pixels", _GATE)


class UploadWorkers:
    """Opens the files of members; a large or slow one goes to a child of its own, and holds nobody up.

    Only decoding tells how long a file takes. So the first child tries each file for a moment, and leaves it
    to the second one if that is not enough. Two children that opened large files would need twice the memory.
    """

    def __init__(self) -> None:
        preload = ("PIL.Image", "av", _GATE)
        self.quick = MediaWorker(
            WorkerLimits(cpu_seconds=QUICK_SECONDS, wall_seconds=4 * QUICK_SECONDS, preload=preload)
        )
        self.thorough = MediaWorker(WorkerLimits(preload=preload))

    async def inspect(
        self, content: bytes, limits: Limits, *, small_copy: bool, first_frame: bool = False
    ) -> InspectedFile:
        async def inspect_in(worker: MediaWorker, within: Limits) -> InspectedFile:
            return await worker.run(
                operations.inspect_upload, content, within, small_copy=small_copy, first_frame=first_frame
            )

        quick_limits = replace(
            limits,
            pixels=min(limits.pixels, QUICK_PIXELS),
            frame_pixels=min(limits.frame_pixels, QUICK_FRAME_PIXELS),
        )
        try:
            return await inspect_in(self.quick, quick_limits)
        # A decoder that may not have more memory can call the file damaged.
        except (TooManyPixels, TooCostly, Damaged):
            return await inspect_in(self.thorough, limits)

    async def inspect_animation(self, content: bytes, limits: Limits) -> InspectedFile:
        """Convert an animation to a video, and inspect that."""
        fewer = replace(limits, frame_pixels=min(limits.frame_pixels, ANIMATION_PIXELS))
        return await self.thorough.run(operations.inspect_animation, content, fewer)

    def close(self) -> None:
        self.quick.close()
        self.thorough.close()


class MediaWorkers:
    """Workers, whose children start when they are needed."""

    def __init__(self) -> None:
        self.uploads = UploadWorkers()
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
        self.detection = MediaWorker(WorkerLimits(cpu_seconds=10, wall_seconds=60, preload=_MARKING))
        """Reads watermarks, which takes up to a second for a video."""

    def close(self) -> None:
        for worker in (self.uploads, self.results, self.encoder, self.signing, self.faces, self.detection):
            worker.close()
