"""A finished training run as it is served: the numbers are those of `segdata predict`."""

from __future__ import annotations

import torch
from torch import Tensor

from segdata.evaluation.predict import predict_logits
from segdata.evaluation.run import Run
from segdata.prediction.masks import likeliest
from segdata.prediction.views import Whole
from segdata.sample import Image, Mask


class TorchEngine:
    """A network in torch, on the run's device."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.name = f"torch {torch.__version__} on {run.device}"

    def logits(self, images: Image) -> list[Tensor]:
        return list(predict_logits(self._run, images))

    def mask(self, logits: Tensor, size_hw: tuple[int, int]) -> Mask:
        return likeliest([Whole(logits)], size_hw, len(self._run.ontology))
