"""The training step and the validation of a segmentation network, as Lightning wants them.

Loss: cross-entropy over the pixels with a class; `train.void` gives the others one, `train.dice` adds a soft dice
loss. A batch (images uint8 (N, H, W, 3), masks uint8 (N, H, W)) is changed
and normalised on the device. Every step seeds torch from (seed, epoch, batch), so dropout too can be repeated.
"""

from __future__ import annotations

from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from segdata.errors import TrainingError, nearest
from segdata.evaluation.run import Normalisation
from segdata.ontology import IGNORE_INDEX
from segdata.pipeline import Train
from segdata.shards import ShardSplit
from segdata.shards.sampler import EpochBatches
from segdata.training.criteria import ValidationFigures
from segdata.training.data import Batch, build_loader
from segdata.training.keep import EpochFigures, Kept
from segdata.training.losses import soft_dice_loss
from segdata.training.optim import build_optimizer, build_schedule, current_lr, lower_lr
from segdata.training.transforms import augment_batch, generator_for, seed_step

# Asking a GPU whether the loss is finite makes it wait; a CPU is asked at every step.
_STEPS_BETWEEN_CHECKS = 20
# Batches of the val split draw their numbers apart from those of the train split.
_VAL_BATCHES = 1 << 40


class SegmentationModule(lightning.LightningModule):
    """One run over the epochs first_epoch + 1 … train.epochs. `latest` holds the figures of the last whole epoch.

    void_id     the class that pixels without one are taught as; 255: none
    void_class  a last class that no figure holds (evaluation.confusion.void_id)
    kept_in     where the best weights so far lie, for messages
    """

    def __init__(
        self,
        network: nn.Module,
        train: Train,
        splits: tuple[ShardSplit, ShardSplit],
        normalisation: Normalisation,
        weights: Tensor | None,
        num_classes: int,
        kept: Kept | None,
        void_id: int = IGNORE_INDEX,
        void_class: int | None = None,
    ) -> None:
        super().__init__()
        self.network, self.train_section, self.normalisation = network, train, normalisation
        self.train_split, self.val_split = splits
        self.num_classes = num_classes
        self.kept = kept
        self.void_id, self.void_class = void_id, void_class
        self.frozen = freeze(network, train.freeze)
        self.first_epoch = len(kept.progress.figures) if kept else 0
        self.batches_per_epoch = -(-len(self.train_split) // train.batch_size)
        self.steps_per_epoch = -(-self.batches_per_epoch // train.accumulate)
        self.latest: EpochFigures | None = None
        self.kept_in = "the folder of unfinished runs"
        self.register_buffer("class_weights", weights, persistent=False)
        self.fill = tuple(channel * 255 for channel in normalisation.mean)

    @property
    def epoch(self) -> int:
        """Epochs of the whole run that are behind us, those before a resumption too."""
        return self.first_epoch + int(self.current_epoch)

    @property
    def part(self) -> tuple[int, int]:
        """Which of how many processes this is."""
        return int(self.trainer.global_rank), int(self.trainer.world_size)

    def configure_model(self) -> None:
        """Lightning calls this in every process: a compiled network loses its compilation on the way to another."""
        if self.train_section.compile:
            self.network.compile()

    def _batches(self, split: ShardSplit, *, shuffle: bool) -> EpochBatches:
        """The batches of this process: those of all processes together are the ones of a single process."""
        rank, processes = self.part
        train = self.train_section
        return EpochBatches(
            len(split),
            train.batch_size // processes,
            seed=train.seed,
            epoch=self.epoch,
            rank=rank,
            world_size=processes,
            shuffle=shuffle,
        )

    def _photos_in(self, split: ShardSplit, index: int) -> int:
        """How many photos the batch of this number has, over all processes."""
        return min(self.train_section.batch_size, len(split) - index * self.train_section.batch_size)

    def train_dataloader(self) -> DataLoader[Batch]:
        batches = self._batches(self.train_split, shuffle=True)
        return build_loader(self.train_split, batches, pin=self.device.type == "cuda")

    def val_dataloader(self) -> DataLoader[Batch]:
        batches = self._batches(self.val_split, shuffle=False)
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
        for part in self.frozen:
            part.eval()
        self._loss_sum = torch.zeros((), dtype=torch.float64 if self.device.type == "cpu" else torch.float32)
        self._loss_sum = self._loss_sum.to(self.device)
        self._photos = 0

    def on_train_batch_start(self, batch: Batch, index: int) -> None:
        # Lightning does so between forward and backward pass only: until then the last gradients take room that the
        # forward pass can use.
        if index % self.train_section.accumulate == 0:
            self.trainer.optimizers[0].zero_grad()

    def training_step(self, batch: Batch, index: int) -> Tensor:
        train = self.train_section
        generator = generator_for(train.seed, self.epoch, index)
        rank, processes = self.part
        seed_step(generator.initial_seed() + rank, self.device)
        photos = self._photos_in(self.train_split, index)
        images, masks = augment_batch(
            batch.images.permute(0, 3, 1, 2),
            batch.masks,
            train.augment,
            self.fill,
            generator,
            (rank, processes, photos),
        )
        total, weight = self._loss(self(images), masks)
        whole = add_up(torch.stack([total.detach(), weight.to(total.dtype)]), processes)
        # DDP averages the gradients of the processes: this makes the average that of the whole batch.
        loss = total * processes / whole[1].clamp(min=1e-12)
        self._loss_sum += whole[0] / whole[1].clamp(min=1e-12) * photos
        self._photos += photos
        self._lr = current_lr(self.trainer.optimizers[0])
        if self.device.type == "cpu" or (index + 1) % _STEPS_BETWEEN_CHECKS == 0:
            self._check_finite(index)
        return loss

    def _loss(self, logits: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        """Sum of the (weighted) cross-entropy over labelled pixels, and the sum of their weights.

        Apart, because a batch without any labelled pixel has no mean, and its loss is 0, not NaN.
        """
        target = masks.long()
        if self.void_id != IGNORE_INDEX:
            target = torch.where(target == IGNORE_INDEX, self.void_id, target)
        weights: Tensor | None = self.class_weights  # type: ignore[assignment]
        total = functional.cross_entropy(
            logits, target, weight=weights, ignore_index=IGNORE_INDEX, reduction="sum"
        )
        labelled = target != IGNORE_INDEX
        if weights is None:
            weight = labelled.sum()
        else:
            weight = (weights[torch.where(labelled, target, 0)] * labelled).sum()
        if self.train_section.dice > 0:
            total = total + self.train_section.dice * soft_dice_loss(logits, target) * weight
        return total, weight

    def _check_finite(self, index: int) -> None:
        if bool(torch.isfinite(self._loss_sum)):
            return
        train, step = self.train_section, self.epoch * self.batches_per_epoch + index + 1
        kept = (
            f" {self.kept_in}/best-*.safetensors holds the best weights so far: copy them before another run, which"
            " may start from them (model.weights)."
            if self.epoch
            else ""
        )
        raise TrainingError(
            "train",
            place=f"epoch {self.epoch + 1}, step {step}",
            found=f"a loss that is not finite, at lr {self._lr:.3g}",
            expected="a finite loss",
            fix=f"Lower train.lr (to {lower_lr(train.lr, train.optimizer):.3g}, say).{kept}",
        )

    def on_validation_epoch_start(self) -> None:
        self._check_finite(self.batches_per_epoch - 1)
        self._val = ValidationFigures(self.num_classes, self.train_section.select, self.void_class)

    def validation_step(self, batch: Batch, index: int) -> None:
        images, masks = batch.images.permute(0, 3, 1, 2), batch.masks
        train = self.train_section
        if train.augment_val:
            generator = generator_for(train.seed, self.epoch, _VAL_BATCHES + index)
            part = (*self.part, self._photos_in(self.val_split, index))
            images, masks = augment_batch(images, masks, train.augment, self.fill, generator, part)
        logits = self(images)
        total, weight = self._loss(logits, masks)
        self._val.add(masks, logits.argmax(dim=1).to(torch.uint8), total, weight)

    def on_validation_epoch_end(self) -> None:
        val = self._val
        processes = self.part[1]
        if processes > 1:
            val.take(add_up(val.sums().to(self.device), processes))
        self.latest = EpochFigures(
            epoch=self.epoch + 1,
            train_loss=float(self._loss_sum) / self._photos,
            val_loss=val.loss,
            val_mean_iou=val.matrix.mean_iou(),
            val_pixel_accuracy=val.matrix.pixel_accuracy(),
            lr=self._lr,
            val_selected=val.selected,
        )


def add_up(values: Tensor, processes: int) -> Tensor:
    """The sum of a tensor over all processes; itself where there is one."""
    if processes > 1:
        torch.distributed.all_reduce(values)
    return values


def freeze(network: nn.Module, beginnings: tuple[str, ...]) -> list[nn.Module]:
    """Keep the parameters of these beginnings of names as they are; returns the modules they belong to, to be kept in
    evaluation mode. Raises TrainingError for a beginning that names nothing."""
    names = [name for name, _ in network.named_parameters()]
    for beginning in beginnings:
        if not any(name.startswith(beginning) for name in names):
            parts = sorted({f"{name.split('.')[0]}." for name in names})
            raise TrainingError("train.freeze", found=repr(beginning), expected=nearest(beginning, parts))
    for name, parameter in network.named_parameters():
        if name.startswith(beginnings) and beginnings:
            parameter.requires_grad_(False)
    return [
        part for name, part in network.named_modules() if beginnings and f"{name}.".startswith(beginnings)
    ]
