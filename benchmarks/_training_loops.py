"""One contender of benchmarks/training.py in a process of its own: its last line is JSON.

python benchmarks/_training_loops.py CONTENDER FOLDER CASE

segdata        the loop of `segdata train`: Lightning, shards, the switches of the case
segdata-fixed  the same, but every step is given the same batch, which lies on the device: what is saved is waiting
bare           what one writes by hand in torch: float32, photos in memory
folder         the same, fed by a torchvision-style folder dataset through a DataLoader with workers, as the reports did
flops          floating-point operations of one step
matmul         operations per second of a large bf16 matrix product
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import msgspec
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from segdata.models import build_model
from segdata.models.layers import count_parameters
from segdata.pipeline import Augment, MeanStd, Train
from segdata.shards import ShardSet
from segdata.shards.sampler import EpochBatches
from segdata.training.checks import check_data
from segdata.training.data import Batch
from segdata.training.launch import fit, without_noise
from segdata.training.module import SegmentationModule

SEED = 2012
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MATMUL = 8192


class Case(msgspec.Struct, kw_only=True):
    """A network, its photos, and how many steps are timed after how many that are not."""

    name: str
    model: str
    options: dict[str, Any]
    size_hw: tuple[int, int]
    num_classes: int
    batch_size: int
    warmup: int
    steps: int
    device: str = "cpu"
    threads: int = 0
    workers: int = 8
    horizontal_flip: float = 0.0
    switches: dict[str, Any] = {}

    @property
    def photos(self) -> int:
        return self.batch_size * (self.warmup + self.steps)

    def network(self) -> nn.Module:
        torch.manual_seed(SEED)
        return build_model(self.model, self.num_classes, self.options)


class Clock(lightning.Callback):
    """When steps begin and end. A GPU is waited for before the first that counts and after the last, not between."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.begun: list[float] = []
        self.ended: list[float] = []
        self.worked: list[
            float
        ] = []  # processor time of all threads, which other work on the machine does not lengthen

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, index: int) -> None:
        self.begin()

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
        self.end()

    def begin(self) -> None:
        self.begun.append(time.perf_counter())

    def end(self) -> None:
        if self.case.device == "cuda" and len(self.ended) + 1 in (
            self.case.warmup,
            self.case.photos // self.case.batch_size,
        ):
            torch.cuda.synchronize()
        self.ended.append(time.perf_counter())
        self.worked.append(time.process_time())

    def figures(self, network: nn.Module) -> dict[str, Any]:
        first = self.case.warmup
        ends = np.array(self.ended)
        whole = ends[-1] - ends[first - 1]
        steps = np.diff(ends[first - 1 :])
        waits = np.array(self.begun[first:]) - ends[first - 1 : -1]
        on_cpu = self.case.device == "cpu"
        return {
            # a GPU's steps end when they please: only all of them together have a duration
            "step_ms": 1e3 * float(np.median(steps) if on_cpu else whole / len(steps)),
            "processor_ms": 1e3 * float(np.median(np.diff(self.worked[first - 1 :]))),
            "between_steps_share": float(waits.sum() / whole),
            "sum_of_parameters": float(sum(p.detach().double().abs().sum() for p in network.parameters())),
            "parameters": count_parameters(network),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "gpu_peak_mib": None if on_cpu else torch.cuda.max_memory_allocated() // 2**20,
        }


class _Fixed:
    """Every step is given the first batch."""

    def __init__(self, batch: Batch, count: int) -> None:
        self.batch, self.count = batch, count

    def __iter__(self) -> Iterator[Batch]:
        return iter([self.batch] * self.count)

    def __len__(self) -> int:
        return self.count


class _FixedModule(SegmentationModule):
    def train_dataloader(self) -> Any:
        first = next(iter(super().train_dataloader()))
        return _Fixed(Batch(*(part.to(self.device) for part in first)), self.batches_per_epoch)


def segdata(case: Case, folder: Path, kind: type[SegmentationModule] = SegmentationModule) -> dict[str, Any]:
    train = Train(
        epochs=1,
        batch_size=case.batch_size,
        optimizer="adam",
        lr=1e-4,
        seed=SEED,
        augment=Augment(horizontal_flip=case.horizontal_flip),
        normalise=MeanStd(mean=MEAN, std=STD),
        **case.switches,
    )
    data = check_data(ShardSet.open(folder / "shards"), train)
    network = case.network()
    if train.channels_last:
        network = network.to(memory_format=torch.channels_last)
    module = kind(network, train, (data.train, data.val), data.normalisation, None, case.num_classes, None)
    clock = Clock(case)
    with without_noise():
        fit(module, train, torch.device(case.device), [clock], 1, None)
    return clock.figures(network)


def by_hand(case: Case, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, Any]:
    """Forward, loss, backward, step, in float32, on normalised photos (N, 3, H, W) and masks (N, H, W)."""
    network = case.network().to(case.device).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    clock = Clock(case)
    for images, masks in batches:
        clock.begin()
        images, masks = images.to(case.device, non_blocking=True), masks.to(case.device, non_blocking=True)
        optimizer.zero_grad()
        functional.cross_entropy(network(images), masks, ignore_index=255).backward()
        optimizer.step()
        clock.end()
    return clock.figures(network)


def bare(case: Case, folder: Path) -> dict[str, Any]:
    split = ShardSet.open(folder / "shards").split("train")
    everything = range(len(split))
    images, masks = torch.from_numpy(split.images(everything)), torch.from_numpy(split.masks(everything))
    mean, std = (torch.tensor(values).view(3, 1, 1) * 255 for values in (MEAN, STD))

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for indices in EpochBatches(len(split), case.batch_size, seed=SEED):
            photos = images[indices].permute(0, 3, 1, 2).float()
            yield ((photos - mean) / std).contiguous(), masks[indices].long()

    return by_hand(case, batches())


class Folder(Dataset[tuple[Tensor, Tensor]]):
    """JPEG and PNG through Pillow, flipped and normalised one by one in the workers."""

    def __init__(self, folder: Path, case: Case) -> None:
        self.photos = sorted((folder / "photos").glob("train_*.jpg"))[: case.photos]
        self.flip = case.horizontal_flip

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        from torchvision.transforms.functional import hflip, normalize, to_tensor

        photo = self.photos[index]
        image = normalize(to_tensor(Image.open(photo)), list(MEAN), list(STD))
        mask = torch.from_numpy(np.array(Image.open(photo.with_suffix(".png")))).long()
        return (hflip(image), hflip(mask)) if torch.rand(()) < self.flip else (image, mask)


def folder_loop(case: Case, folder: Path) -> dict[str, Any]:
    keep: dict[str, Any] = {"num_workers": case.workers, "pin_memory": case.device == "cuda"}
    return by_hand(case, DataLoader(Folder(folder, case), case.batch_size, shuffle=True, **keep))


def flops(case: Case, _: Path) -> dict[str, Any]:
    """Multiplications and additions of one step, counted on one photo: forward and backward, two for each product."""
    from torch.utils.flop_counter import FlopCounterMode

    network = case.network().to(case.device).train()
    images = torch.zeros(2, 3, *case.size_hw, device=case.device)
    masks = torch.zeros(2, *case.size_hw, dtype=torch.long, device=case.device)
    with FlopCounterMode(display=False) as counter:
        functional.cross_entropy(network(images), masks).backward()
    return {"flops": counter.get_total_flops() / 2 * case.batch_size}


def matmul(case: Case, _: Path) -> dict[str, Any]:
    left, right = (torch.randn(MATMUL, MATMUL, device=case.device, dtype=torch.bfloat16) for _ in range(2))
    for _ in range(10):
        left @ right
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(50):
        left @ right
    torch.cuda.synchronize()
    return {"flops_per_second": 50 * 2 * MATMUL**3 / (time.perf_counter() - start)}


CONTENDERS = {
    "segdata": segdata,
    "segdata-fixed": lambda case, folder: segdata(case, folder, _FixedModule),
    "bare": bare,
    "folder": folder_loop,
    "flops": flops,
    "matmul": matmul,
}

if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    chosen = msgspec.json.decode(sys.argv[3].encode(), type=Case)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    print(json.dumps(CONTENDERS[sys.argv[1]](chosen, Path(sys.argv[2]))))
