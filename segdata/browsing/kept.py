"""What a model made of every photo of a set, kept beside the set so that it is computed once.

    .segdata/disagreement/mine/5e1c…/          of the weights with this digest
        train-4be1f07a9c3d5e21.arrow           one per shard, under the shard's own name, which names its content

Each file is an Arrow IPC file of one record batch, one row per sample of the shard: loss, accuracy and mean_iou
(float64, null where nothing is labelled) and the predicted mask, packed. After photos were added, the touched shards
alone are computed again; files of other weights, and of shards that are gone, are removed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segdata.atomic import replace_file
from segdata.browsing.index import ModelFigures
from segdata.browsing.pictures import unpacked
from segdata.sample import Mask
from segdata.shards.manifest import Manifest
from segdata.shards.schema import ShardEntry

FIGURES = ("loss", "accuracy", "mean_iou")
SCHEMA = pa.schema([*((name, pa.float64()) for name in FIGURES), ("prediction", pa.binary())])


class KeptFigures:
    """The folder of one pipeline and one model.

    home, weights  the folder of the pipeline, and the digest of the model's weights and record; "" where there is none
    """

    def __init__(self, home: Path, weights: str, manifest: Manifest) -> None:
        self.folder, self._weights, self._manifest = home / (weights[:32] or "none"), weights, manifest
        self._known: dict[str, dict[str, NDArray[np.float64]]] = {}
        self._places: dict[str, tuple[list[int], list[int]]] = {}
        """Shard → numbers of its rows in the manifest, and in the shard."""
        for number, row in enumerate(manifest.rows):
            numbers, places = self._places.setdefault(row.shard, ([], []))
            numbers.append(number)
            places.append(row.row)

    def is_of(self, weights: str) -> bool:
        """Whether the model's weights and record have this digest."""
        return weights == self._weights

    def missing(self) -> list[ShardEntry]:
        """Shards of the set that were not computed yet."""
        return [entry for entry in self._manifest.metadata.shards if self._figures_of(entry) is None]

    def _figures_of(self, entry: ShardEntry) -> dict[str, NDArray[np.float64]] | None:
        if entry.name not in self._known:
            with contextlib.suppress(OSError, pa.ArrowException), pa.OSFile(str(self._path(entry))) as file:
                batch = pa.ipc.open_file(file).get_batch(0)
                batch.validate()
                if batch.schema == SCHEMA and batch.num_rows == entry.rows:
                    self._known[entry.name] = {
                        name: batch.column(name).to_numpy(zero_copy_only=False) for name in FIGURES
                    }
        return self._known.get(entry.name)

    def _path(self, entry: ShardEntry) -> Path:
        return self.folder / entry.name

    def write(
        self, entry: ShardEntry, figures: Sequence[NDArray[np.float64]], predictions: Sequence[bytes]
    ) -> None:
        """Keep what was computed of one shard: one array per name of FIGURES, and packed masks, in row order."""
        columns = [pa.array(one, pa.float64(), from_pandas=True) for one in figures]
        batch = pa.record_batch([*columns, pa.array(predictions, pa.binary())], schema=SCHEMA)
        with replace_file(self._path(entry)) as temporary, pa.ipc.new_file(str(temporary), SCHEMA) as writer:
            writer.write_batch(batch)
        self._known.pop(entry.name, None)

    def figures(self) -> ModelFigures:
        """One figure of each kind per row of the manifest; NaN where it is not computed yet."""
        columns = {name: np.full(len(self._manifest.rows), np.nan) for name in FIGURES}
        for entry in self._manifest.metadata.shards:
            figures = self._figures_of(entry)
            numbers, places = self._places[entry.name]
            for name in FIGURES if figures is not None else ():
                columns[name][numbers] = figures[name][places]  # type: ignore[index]
        return ModelFigures(columns["loss"], 1 - columns["accuracy"], columns["mean_iou"])

    def packed_prediction(self, number: int) -> bytes | None:
        """The predicted mask of a row of the manifest; None where it is not computed yet."""
        row = self._manifest.rows[number]
        with contextlib.suppress(OSError, pa.ArrowException):
            batch = pa.ipc.open_file(pa.memory_map(str(self.folder / row.shard))).get_batch(0)
            if batch.schema == SCHEMA and row.row < batch.num_rows:
                content: bytes = batch.column("prediction")[row.row].as_py()
                return content
        return None

    def prediction(self, number: int) -> Mask | None:
        """uint8 (H, W), or None where it is not computed yet, or damaged."""
        content = self.packed_prediction(number)
        with contextlib.suppress(ValueError):
            return None if content is None else unpacked(content, self._manifest.metadata.size_hw)
        return None

    def remove_others(self) -> None:
        """Remove what belongs to other weights, and to shards that the set does not have any more."""
        for other in self.folder.parent.iterdir():
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        names = {entry.name for entry in self._manifest.metadata.shards}
        for path in self.folder.iterdir():
            if path.name not in names:
                path.unlink(missing_ok=True)
