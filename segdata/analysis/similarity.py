"""How alike the labels look to the network: cosines between features and the mean feature of each label.

data/analysis/sample-via/similarity/
    index.html        heat-maps per label over a few photos, and the matrices
    similarity.json   all figures
    similarity.csv    features,label,other,means,cells
    labels.csv        features,label,pixels,cells,own

With f the feature of a cell, and m_a the mean of f over all cells of a split whose truth is label a:

    heat-map of a     cos(f, m_a) at every cell
    means (a, b)      cos(m_a, m_b): the label-to-label similarity of report 002
    cells (a, b)      mean of cos(f, m_b) over the cells of a; `own` is cells (a, a): how close a label keeps together

Sums are float64 and added in the order of ids, so a split of any size takes the memory of one photo. Features behind a
ReLU have no negative part: cosines near 1 are common, and their order says more than their size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from segdata.analysis.features import Places, enlarged, taken, truth_at_cells
from segdata.analysis.subject import Subject
from segdata.evaluation.tables import number, write_csv
from segdata.ontology import IGNORE_INDEX

Matrix = NDArray[np.float64]

_BAND = 1 << 22
"""Numbers of a map that are in hand as float64 at a time."""
NUMBERS, PAIRS, LABELS = "similarity.json", "similarity.csv", "labels.csv"


@dataclass
class Sums:
    """What is added up of one place: features and unit features per label, float64 (C, D), and cells, int64 (C,)."""

    features: Matrix
    units: Matrix
    cells: NDArray[np.int64]
    grid_hw: tuple[int, int]

    @classmethod
    def empty(cls, num_classes: int, channels: int, grid_hw: tuple[int, int]) -> Sums:
        shape = (num_classes, channels)
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(num_classes, np.int64), grid_hw)

    def add(self, maps: NDArray[np.float32], truth: NDArray[np.uint8]) -> None:
        """One photo: float32 (D, h, w) features, and the truth of their cells, uint8 (h, w)."""
        labels = truth.ravel()
        for start, band in bands(maps):
            cells, known = band.T, labels[start : start + band.shape[1]]
            units = unit(cells)
            for label in np.unique(known[known != IGNORE_INDEX]).tolist():
                where = known == label
                self.features[label] += cells[where].sum(axis=0)
                self.units[label] += units[where].sum(axis=0)
                self.cells[label] += int(where.sum())

    @property
    def present(self) -> NDArray[np.bool_]:
        """bool (C,): labels that some cell has."""
        present: NDArray[np.bool_] = self.cells > 0
        return present

    def directions(self) -> Matrix:
        """float64 (C, D): the mean features at length 1; zeros for a label without cells, or whose mean is zero."""
        return unit(self.features)

    def between_means(self) -> Matrix:
        """float64 (C, C): cos(m_a, m_b); NaN for labels without cells."""
        directions = self.directions()
        return self._of_present(directions @ directions.T)

    def cells_to_means(self) -> Matrix:
        """float64 (C, C): mean of cos(f, m_b) over the cells of a; NaN for labels without cells."""
        means = self.units / np.maximum(self.cells, 1)[:, None]
        return self._of_present(means @ self.directions().T)

    def heat_maps(self, maps: NDArray[np.float32]) -> Matrix:
        """float64 (C, h, w): the cosine of every cell's feature with each label's mean; 0 for a feature of zeros."""
        directions = self.directions()
        heat = np.concatenate([directions @ unit(band.T).T for _, band in bands(maps)], axis=1)
        large: Matrix = heat.reshape(-1, *maps.shape[1:])
        return large

    def _of_present(self, matrix: Matrix) -> Matrix:
        known = self.present[:, None] & self.present[None, :]
        return np.where(known, np.clip(matrix, -1.0, 1.0), np.nan)


def bands(maps: NDArray[np.float32]) -> Iterator[tuple[int, Matrix]]:
    """(number of the first cell, float64 (D, n) features), as many cells at a time as stay small."""
    flat = maps.reshape(maps.shape[0], -1)
    step = max(1, _BAND // maps.shape[0])
    for start in range(0, flat.shape[1], step):
        yield start, flat[:, start : start + step].astype(np.float64)


def unit(vectors: Matrix) -> Matrix:
    """float64 (N, D) at length 1; a vector of zeros stays."""
    norms = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    units: Matrix = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return units


@dataclass(frozen=True)
class Heat:
    """One shown photo: float32 (C, H, W) cosines per place."""

    index: int
    maps: dict[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True)
class Similarity:
    """What was found: the sums per place, in the order head, backbone; and pixels per label of the split, int64 (C,)."""

    subject: Subject
    places: Places
    sums: dict[str, Sums]
    pixels: NDArray[np.int64]

    def heat(self, index: int) -> Heat:
        """Heat-maps of one photo of the split."""
        maps = {}
        for place, features in features_of(self.subject, self.places, index).items():
            heat = self.sums[place].heat_maps(features)
            maps[place] = enlarged(heat, self.places.padded_hw, self.subject.split.size_hw)
        return Heat(index, maps)


def features_of(subject: Subject, places: Places, index: int) -> dict[str, NDArray[np.float32]]:
    """float32 (D, h, w) features of one photo, by place."""
    with taken(places) as found, torch.inference_mode():
        subject.run.network(subject.normalised(index))
        return {place: maps.numpy() for place, maps in sorted(found.items(), reverse=True)}


def measure(subject: Subject) -> Similarity:
    """Go over the split once, one photo at a time."""
    num_classes = len(subject.run.ontology)
    places = Places.of(subject.run.network, num_classes, subject.split.size_hw, subject.run.device)
    sums: dict[str, Sums] = {}
    for index, truth in subject.truths():
        for place, maps in features_of(subject, places, index).items():
            grid_hw = (maps.shape[1], maps.shape[2])
            if place not in sums:
                sums[place] = Sums.empty(num_classes, maps.shape[0], grid_hw)
            sums[place].add(maps, truth_at_cells(truth, grid_hw, places.padded_hw))
    pixels = np.array([row.pixels for row in subject.split.rows], np.int64).sum(axis=0)
    return Similarity(subject, places, sums, pixels)


def write_numbers(found: Similarity, folder: Path) -> None:
    """similarity.json, similarity.csv and labels.csv into an existing folder; six digits, empty where absent."""
    names = found.subject.run.ontology.names
    places: list[dict[str, object]] = []
    pairs: list[list[object]] = []
    labels: list[list[object]] = []
    for place, sums in found.sums.items():
        means, cells = sums.between_means(), sums.cells_to_means()
        rows = [
            {"name": label, "pixels": pixels, "cells": count, "own": number(own)}
            for label, pixels, count, own in zip(
                names, found.pixels.tolist(), sums.cells.tolist(), cells.diagonal().tolist(), strict=True
            )
        ]
        labels += [[place, *row.values()] for row in rows]
        pairs += [
            [place, label, other, number(means[a, b]), number(cells[a, b])]
            for a, label in enumerate(names)
            for b, other in enumerate(names)
        ]
        places.append(
            {
                "name": place,
                "channels": sums.features.shape[1],
                "grid_hw": sums.grid_hw,
                "labels": rows,
                "means": _rounded(means),
                "cells": _rounded(cells),
            }
        )
    subject = found.subject
    content = {
        "format_version": 1,
        "pipeline": subject.name,
        "split": subject.split_name,
        "photos": len(subject.split),
        "size_hw": subject.split.size_hw,
        "features": places,
    }
    (folder / NUMBERS).write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    write_csv(folder / PAIRS, ("features", "label", "other", "means", "cells"), pairs)
    write_csv(folder / LABELS, ("features", "label", "pixels", "cells", "own"), labels)


def _rounded(matrix: Matrix) -> list[list[float | None]]:
    return [[number(value) for value in row] for row in matrix.tolist()]
