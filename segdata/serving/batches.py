"""Photos that wait while the network is busy go through it together; a photo that finds it idle goes at once.

>>> batcher = Batcher(engine, most=8)
>>> logits = await batcher.logits(image)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from segdata.sample import Image
from segdata.serving.model import Engine


class Batcher:
    """Gives photos of one size to an engine, one batch at a time, in a thread of its own.

    counted  is told the size of every batch
    """

    def __init__(self, engine: Engine, most: int, counted: Callable[[int], None] = lambda size: None) -> None:
        self._engine, self._most, self._counted = engine, most, counted
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._waiting: list[tuple[Image, asyncio.Future[Any]]] = []
        self._work: asyncio.Task[None] | None = None

    async def logits(self, image: Image) -> Any:
        """What `engine.mask` takes, for one photo uint8 (h, w, 3). Raises what the engine raised."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((image, answer))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._drain())
        return await answer

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _drain(self) -> None:
        while self._waiting:
            batch = [one for one in self._waiting[: self._most] if not one[1].done()]  # some have gone away
            del self._waiting[: self._most]
            if batch:
                await self._run(batch)

    async def _run(self, batch: list[tuple[Image, asyncio.Future[Any]]]) -> None:
        images = np.stack([image for image, _ in batch])
        self._counted(len(batch))
        try:
            results = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._engine.logits, images
            )
        except Exception as error:
            if len(batch) > 1:  # perhaps memory was short for so many
                for one in batch:
                    await self._run([one])
                return
            results = [error]
        for (_, answer), result in zip(batch, results, strict=True):
            if answer.done():
                continue
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)
