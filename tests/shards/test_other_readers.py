"""Shards open as tensors in libraries that know nothing of segdata, each by its own documented way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pytest
from msgspec.structs import replace

from tests.shards.test_shard_sets import METADATA, write_set


@pytest.fixture(params=["none", "zstd"])
def shard(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[str], np.ndarray, np.ndarray]:
    """A file, its ids, and images and masks in that order."""
    truth = write_set(tmp_path, {"train": [3]}, metadata=replace(METADATA, compression=request.param))
    ids = sorted(truth)
    return (
        next(tmp_path.glob("train-*.arrow")),
        ids,
        np.stack([truth[id][0] for id in ids]),
        np.stack([truth[id][1] for id in ids]),
    )


Shard = tuple[Path, list[str], np.ndarray, np.ndarray]


def test_plain_pyarrow_by_file_and_as_a_dataset(shard: Shard) -> None:
    path, ids, images, masks = shard
    whole = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    found = pa.dataset.dataset(str(path.parent), format="ipc", exclude_invalid_files=True).to_table()
    for table in (whole, found):
        assert table.column("id").to_pylist() == ids
        tensor = table.column("image").combine_chunks()
        assert tensor.type.shape == [4, 6, 3]
        assert np.array_equal(tensor.to_numpy_ndarray(), images)
        assert np.array_equal(table.column("mask").combine_chunks().to_numpy_ndarray(), masks)


def test_pandas(shard: Shard) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    path, ids, images, masks = shard
    frame = pa.ipc.open_file(str(path)).read_pandas()
    assert frame["id"].tolist() == ids
    assert np.array_equal(np.stack(frame["image"].tolist()).reshape(images.shape), images)
    assert np.array_equal(np.stack(frame["mask"].tolist()).reshape(masks.shape), masks)


def test_polars(shard: Shard) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    path, ids, images, masks = shard
    frame = polars.from_arrow(pa.ipc.open_file(str(path)).read_all())
    assert frame["id"].to_list() == ids
    for column, truth in (("image", images), ("mask", masks)):
        values = frame[column]
        values = values.ext.storage() if hasattr(values, "ext") else values
        assert np.array_equal(values.to_numpy().reshape(truth.shape), truth)


def test_hugging_face_datasets(shard: Shard) -> None:
    """datasets knows no fixed_shape_tensor (5.2.0: "does not have a datasets dtype equivalent"): it maps the storage."""
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    path, ids, images, masks = shard
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    storage = {
        name: pa.chunked_array([getattr(chunk, "storage", chunk) for chunk in table.column(name).chunks])
        for name in table.column_names
    }
    found = datasets.Dataset(pa.table(storage)).with_format("numpy")
    assert list(found["id"][:]) == ids
    assert np.array_equal(np.asarray(found["image"][:]).reshape(images.shape), images)
    shaped = found.with_transform(
        lambda batch: {"image": [np.asarray(one, np.uint8).reshape(4, 6, 3) for one in batch["image"]]},
        columns=["image"],
    )
    assert np.array_equal(np.stack(shaped[:]["image"]), images)
    assert np.array_equal(np.asarray(found[1:]["mask"]).reshape(2, 4, 6), masks[1:])
