"""What is trained and how: the sections `model` and `train` of a pipeline file.

model: {name: unet, weights: {torchvision: MobileNet_V2_Weights.IMAGENET1K_V1, into: encoder., …}}
train: {epochs: 16, batch_size: 8, optimizer: adamw, lr: 0.001, schedule: {name: one-cycle}, …}
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from segdata.sections import Count, Criterion, NotNegative, Positive, Section, Seed, Share


class Weights(Section, frozen=True):
    """Weights of others that a model starts from, and how their tensors' names fit the model's.

    torchvision  name of weights there: DenseNet121_Weights.IMAGENET1K_V1. Kept as data/weights/<the file's own name>
    file         or a file of the project: data/weights/denseaspp121.pth (safetensors, .pt, .pth, .ckpt)
    sha256       digest that `file` must have
    into         what the file's tensor names lack in front: "encoder."
    unused       beginnings of the file's tensor names that the model has no place for: "classifier."
    fresh        beginnings of the model's tensor names that keep their new values: a head for other classes
    bgr          swap red and blue of the first convolution, for reports that read photos as BGR: fed with RGB, such a
                 network computes what the original computes on BGR, to the digit
    """

    torchvision: str | None = None
    file: str | None = None
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None
    into: str = ""
    unused: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    bgr: bool = False

    def __post_init__(self) -> None:
        if (self.torchvision is None) == (self.file is None):
            raise ValueError("weights need either torchvision (a name) or file (a path)")
        if self.sha256 is not None and self.file is None:
            raise ValueError("sha256 belongs to file: names of torchvision carry their own digest")


class Model(Section, frozen=True):
    """A file of segdata/models/, its options, and weights to start from: a whole file's path, Weights, or None."""

    name: str
    options: dict[str, object] = {}
    weights: str | Weights | None = None


class Schedule(Section, frozen=True):
    """Learning rate over the run: constant, step (×factor every `every` epochs), milestones (×factor after each of
    the epochs `at`), one-cycle, or poly (power 0.9)."""

    name: Literal["constant", "step", "milestones", "one-cycle", "poly"] = "constant"
    every: Count = 10
    factor: Positive = 0.1
    at: tuple[Count, ...] = ()

    def __post_init__(self) -> None:
        if (self.name == "milestones") != bool(self.at):
            raise ValueError(
                "milestones, and nothing else, need `at`: the epochs after which lr is multiplied"
            )


class Reach(Section, frozen=True):
    """A change drawn uniformly from low … high, where 0 is none."""

    low: Annotated[float, msgspec.Meta(ge=-1, le=1)]
    high: Annotated[float, msgspec.Meta(ge=-1, le=1)]

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must not exceed high")


class Augment(Section, frozen=True):
    """Random changes of photo and mask together, on the training split.

    horizontal_flip, vertical_flip, blur  probability for each photo
    rotate_degrees                        uniform in ± so many degrees, for the share `rotate` of the photos
    brightness, contrast                  a factor uniform in 1 ± reach, or in 1 + low … 1 + high for {low, high};
                                          for the share `adjust` of the photos
    """

    horizontal_flip: Share = 0.0
    vertical_flip: Share = 0.0
    rotate_degrees: Annotated[float, msgspec.Meta(ge=0, le=180)] = 0.0
    rotate: Share = 1.0
    brightness: Share | Reach = 0.0
    contrast: Share | Reach = 0.0
    adjust: Share = 1.0
    blur: Share = 0.0


class MeanStd(Section, frozen=True):
    """Normalisation by given numbers: (image / 255 - mean) / std, per RGB channel."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Train(Section, frozen=True):
    """One training run.

    select       criterion of the best checkpoint, on the val split; onehot_accuracy and index_dice as the protocols of
                 these names count, dice is the macro dice
    augment_val  change the val photos at random too, as some reports did
    void         class that pixels without one are learned as; "ignore": they are not learned
    dice         weight of the soft dice loss that is added to the cross-entropy
    freeze       beginnings of tensor names that are not trained; their batch norms keep their running statistics
    """

    epochs: Count
    batch_size: Count
    optimizer: Literal["sgd", "adam", "adamw"]
    lr: Positive
    seed: Seed = 0
    momentum: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    weight_decay: NotNegative = 0.0
    schedule: Schedule = Schedule()
    augment: Augment = Augment()
    augment_val: bool = False
    normalise: Literal["imagenet", "train", "all"] | MeanStd = "train"
    class_weights: Literal["none", "inverse-frequency", "median-frequency", "effective-number"] = "none"
    void: str = "ignore"
    dice: NotNegative = 0.0
    freeze: tuple[str, ...] = ()
    select: Criterion = "mean_iou"
    patience: Count | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    channels_last: bool = False
    accumulate: Count = 1
    compile: bool = False
