"""From a photo's bytes to its mask, for many at a time: what asks too much is refused in words.

>>> with_place = service.place()                    # raises Refused (503) when all are taken
>>> predicted = await service.predict(data, "IMG_0001.jpg")
>>> predicted.mask.shape                            # of the upright photo
(3024, 4032)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ParamSpec, TypeVar

from segdata.errors import DataError, SegdataError
from segdata.image_file import open_image
from segdata.photo import Photo
from segdata.sample import Image, Mask
from segdata.serving.batches import Batcher
from segdata.serving.limits import Limits
from segdata.serving.metrics import Metrics
from segdata.serving.model import About, Engine
from segdata.web import Refused
from segdata.wording import size_text

P = ParamSpec("P")
R = TypeVar("R")

RETRY_SECONDS = 2
TOO_LARGE = 413


@dataclass(frozen=True, eq=False)
class Predicted:
    """A photo with its mask.

    name   of its file, without folders
    size   of its file, bytes
    mask   uint8 (H, W) class ids, of the upright photo's size
    notes  what was doubtful about the file, or had to be converted
    """

    name: str
    size: int
    photo: Photo = field(repr=False)
    mask: Mask = field(repr=False)
    notes: tuple[str, ...]

    @property
    def stem(self) -> str:
        return stem_of(self.name)


def stem_of(name: str) -> str:
    """A file's name without its extension."""
    return name.rpartition(".")[0] or name


class Service:
    """One model and the threads that serve it; used from one event loop."""

    def __init__(self, engine: Engine, about: About, limits: Limits | None = None) -> None:
        self.engine, self.about, self.limits = engine, about, limits or Limits()
        self.metrics = Metrics()
        self.metrics.model.info(
            {"name": about.name, "model": about.model, "weights": about.weights, "engine": engine.name}
        )
        self.ontology, self.dialect = about.ontology, about.dialect
        self._workers = ThreadPoolExecutor(self.limits.workers, thread_name_prefix="photos")
        self._batcher = Batcher(engine, self.limits.together, self.metrics.batches.observe)
        self._inside = 0

    @property
    def inside(self) -> int:
        """Requests that hold a place now."""
        return self._inside

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the places, for as long as the block runs. Raises Refused (503) when none is free."""
        if self._inside >= self.limits.places:
            error = SegdataError(
                "the server",
                found=f"{self._inside} requests under way",
                expected=f"fewer than {self.limits.places}",
                fix=f"Try again in {RETRY_SECONDS} seconds.",
            )
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, error, {"Retry-After": str(RETRY_SECONDS)})
        self._inside += 1
        self.metrics.inside.set(self._inside)
        try:
            yield
        finally:
            self._inside -= 1
            self.metrics.inside.set(self._inside)

    async def predict(self, data: bytes, name: str) -> Predicted:
        """Raises Refused: 415 for what is no photo, 413 for too many pixels, 422 for a damaged one."""
        try:
            photo, image = await self.in_worker(self._decode, data, name)
        except Refused:
            self.metrics.photos.labels("refused").inc()
            raise
        logits = await self._batcher.logits(image)
        mask = await self.in_worker(self.engine.mask, logits, photo.upright_hw)
        self.metrics.photos.labels("predicted").inc()
        self.metrics.pixels.inc(mask.size)
        notes = tuple(f"{finding.message}: {finding.action}" for finding in photo.findings)
        return Predicted(name, len(data), photo, mask, notes)

    async def in_worker(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run what takes long in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """End the threads; what has not begun is dropped."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._batcher.close()

    def _decode(self, data: bytes, name: str) -> tuple[Photo, Image]:
        check_header(data, name, self.limits)
        try:
            photo = Photo.open(data, name)
            return photo, photo.read(self.about.resize)
        except DataError as error:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, error) from error


def check_header(data: bytes, name: str, limits: Limits) -> None:
    """Before a pixel is decoded: 10 KB of file can be a gigabyte of pixels, or an hour of passes over them.

    Raises Refused: 415 for what is no photo, 413 for too many pixels or passes.
    """
    try:
        with open_image(data, name) as file:
            size_hw, is_jpeg = (file.height, file.width), file.format in ("JPEG", "MPO")
    except DataError as error:
        large = "pixels" in error.expected
        raise Refused(TOO_LARGE if large else HTTPStatus.UNSUPPORTED_MEDIA_TYPE, error) from error
    if size_hw[0] * size_hw[1] > limits.megapixels * 1_000_000:
        most = f"at most {limits.megapixels} million pixels"
        fix = "Make it smaller, or use segdata predict, which takes larger ones."
        raise Refused(
            TOO_LARGE, DataError(name, found=f"a photo of {size_text(size_hw)}", expected=most, fix=fix)
        )
    scans = data.count(b"\xff\xda") if is_jpeg else 0  # within a scan, \xff is never followed by it
    if scans > limits.scans:
        found, fix = f"a JPEG of {scans:,} scans", "Save it again, as an ordinary JPEG."
        raise Refused(TOO_LARGE, DataError(name, found=found, expected=f"at most {limits.scans}", fix=fix))
