"""The training step and the validation of a segmentation network, as Lightning wants them.

Loss: cross-entropy over the pixels with a class. A batch (images uint8 (N, H, W, 3), masks uint8 (N, H, W)) is changed
and normalised on the device. Every step seeds torch from (seed, epoch, batch), so dropout too can be repeated.
"""

from __future__ import annotations

from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from segdata.errors import TrainingError
from segdata.evaluation.confusion import ConfusionMatrix
from segdata.evaluation.run import Normalisation
from segdata.ontology import IGNORE_INDEX
from segdata.pipeline import Train
from segdata.shards import ShardSplit
from segdata.training.data import Batch, InOrder, ShuffledBatches, build_loader
from segdata.training.keep import EpochFigures, Kept
from segdata.training.optim import build_optimizer, build_schedule, current_lr
from segdata.training.transforms import augment_batch, generator_for

# Asking a GPU whether the loss is finite makes it wait; a CPU is asked at every step.
_STEPS_BETWEEN_CHECKS = 20


class SegmentationModule(lightning.LightningModule):
    """One run over the epochs first_epoch + 1 … train.epochs. `latest` holds the figures of the last whole epoch."""

    def __init__(
        self,
        network: nn.Module,
        train: Train,
        splits: tuple[ShardSplit, ShardSplit],
        normalisation: Normalisation,
        weights: Tensor | None,
        num_classes: int,
        kept: Kept | None,
    ) -> None:
        super().__init__()
        self.network, self.train_section, self.normalisation = network, train, normalisation
        self.train_split, self.val_split = splits
        self.num_classes = num_classes
        self.kept = kept
        self.first_epoch = len(kept.progress.figures) if kept else 0
        self.steps_per_epoch = -(-len(self._batches(0)) // train.accumulate)
        self.latest: EpochFigures | None = None
        self.register_buffer("class_weights", weights, persistent=False)
        self.fill = tuple(channel * 255 for channel in normalisation.mean)

    @property
    def epoch(self) -> int:
        """Epochs of the whole run that are behind us, those before a resumption too."""
        return self.first_epoch + int(self.current_epoch)

    def _batches(self, epoch: int) -> ShuffledBatches:
        train = self.train_section
        return ShuffledBatches(len(self.train_split), train.batch_size, seed=train.seed, epoch=epoch)

    def train_dataloader(self) -> DataLoader[Batch]:
        return build_loader(self.train_split, self._batches(self.epoch), pin=self.device.type == "cuda")

    def val_dataloader(self) -> DataLoader[Batch]:
        batches = InOrder(len(self.val_split), self.train_section.batch_size)
        return build_loader(self.val_split, batches, pin=self.device.type == "cuda")

    def configure_optimizers(self) -> dict[str, Any]:  # type: ignore[override, unused-ignore]
        optimizer = build_optimizer(self.network.parameters(), self.train_section)
        schedule = build_schedule(optimizer, self.train_section, self.steps_per_epoch)
        if self.kept:
            optimizer.load_state_dict(self.kept.optimizer)
            schedule.load_state_dict(self.kept.schedule)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def forward(self, images: Tensor) -> Tensor:
        """uint8 or float (N, 3, H, W) of 0 to 255 → logits float32 (N, C, H, W)."""
        layout = torch.channels_last if self.train_section.channels_last else torch.contiguous_format
        logits: Tensor = self.network(self.normalisation.apply(images).contiguous(memory_format=layout))
        return logits.float()

    def on_train_epoch_start(self) -> None:
        self._loss_sum = torch.zeros((), dtype=torch.float64 if self.device.type == "cpu" else torch.float32)
        self._loss_sum = self._loss_sum.to(self.device)
        self._photos = 0

    def training_step(self, batch: Batch, index: int) -> Tensor:
        train = self.train_section
        generator = generator_for(train.seed, self.epoch, index)
        torch.manual_seed(generator.initial_seed())
        images, masks = augment_batch(
            batch.images.permute(0, 3, 1, 2), batch.masks, train.augment, self.fill, generator
        )
        total, weight = self._loss(self(images), masks)
        loss = total / weight.clamp(min=1e-12)
        self._loss_sum += loss.detach() * len(masks)
        self._photos += len(masks)
        self._lr = current_lr(self.trainer.optimizers[0])
        if self.device.type == "cpu" or (index + 1) % _STEPS_BETWEEN_CHECKS == 0:
            self._check_finite(index)
        return loss

    def _loss(self, logits: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        """Sum of the (weighted) cross-entropy over labelled pixels, and the sum of their weights.

        Apart, because a batch without any labelled pixel has no mean, and its loss is 0, not NaN.
        """
        target = masks.long()
        weights: Tensor | None = self.class_weights  # type: ignore[assignment]
        total = functional.cross_entropy(
            logits, target, weight=weights, ignore_index=IGNORE_INDEX, reduction="sum"
        )
        labelled = target != IGNORE_INDEX
        if weights is None:
            return total, labelled.sum()
        return total, (weights[torch.where(labelled, target, 0)] * labelled).sum()

    def _check_finite(self, index: int) -> None:
        if bool(torch.isfinite(self._loss_sum)):
            return
        step = self.epoch * len(self._batches(0)) + index + 1
        raise TrainingError(
            "train",
            place=f"epoch {self.epoch + 1}, step {step}",
            found=f"a loss that is not finite, at lr {self._lr:.3g}",
            expected="a finite loss",
            fix=f"Lower train.lr (to {self.train_section.lr / 10:.3g}, say)."
            " The best weights so far are kept in the folder of unfinished runs.",
        )

    def on_validation_epoch_start(self) -> None:
        self._check_finite(len(self._batches(0)) - 1)
        self._matrix = ConfusionMatrix(self.num_classes)
        self._val_loss, self._val_weight = 0.0, 0.0

    def validation_step(self, batch: Batch, index: int) -> None:
        logits = self(batch.images.permute(0, 3, 1, 2))
        total, weight = self._loss(logits, batch.masks)
        self._val_loss += float(total)
        self._val_weight += float(weight)
        self._matrix.update(batch.masks, logits.argmax(dim=1).to(torch.uint8))

    def on_validation_epoch_end(self) -> None:
        self.latest = EpochFigures(
            epoch=self.epoch + 1,
            train_loss=float(self._loss_sum) / self._photos,
            val_loss=self._val_loss / self._val_weight if self._val_weight else float("nan"),
            val_mean_iou=self._matrix.mean_iou(),
            val_pixel_accuracy=self._matrix.pixel_accuracy(),
            lr=self._lr,
        )
