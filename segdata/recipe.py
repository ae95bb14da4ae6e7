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
    smp          or an encoder and its weights of segmentation-models-pytorch: resnet34.imagenet
    file         or a file of the project: data/weights/denseaspp121.pth (safetensors, .pt, .pth, .ckpt)
    where        where one gets that file
    sha256       digest that the file must have; names of torchvision carry their own
    into         what the file's tensor names lack in front: "encoder."
    unused       beginnings of the file's tensor names that the model has no place for: "classifier."
    fresh        beginnings of the model's tensor names that keep their new values: a head for other classes
    bgr          swap red and blue of the first convolution, for reports that read photos as BGR: fed with RGB, such a
                 network computes what the original computes on BGR, to the digit
    """

    torchvision: str | None = None
    smp: str | None = None
    file: str | None = None
    where: str = ""
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None
    into: str = ""
    unused: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    bgr: bool = False

    def __post_init__(self) -> None:
        if sum(place is not None for place in (self.torchvision, self.smp, self.file)) != 1:
            raise ValueError(
                "weights need one of torchvision (a name), smp (encoder.weights) and file (a path)"
            )
        if self.sha256 is not None and self.torchvision is not None:
            raise ValueError("sha256 belongs to smp or file: names of torchvision carry their own digest")


class Model(Section, frozen=True):
    """What is trained.

    name     a file of segdata/models/
    options  the model's own keys
    weights  what it starts from: the path of a file that fits as it is, Weights for one that needs fitting, or None
    """

    name: str
    options: dict[str, object] = {}
    weights: str | Weights | None = None


class Schedule(Section, frozen=True):
    """Learning rate over the run.

    name    constant; step: times `factor` every `every` epochs; milestones: times `factor` after each of the epochs
            `at`; one-cycle: up to lr and down again; poly: lr · (1 - step / steps)^0.9
    every   epochs between two steps
    factor  what a step multiplies the learning rate with
    at      epochs after which it is multiplied; for milestones, and only there
    """

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
    """A change drawn uniformly from low … high, where 0 is none.

    low   the most it takes away: -0.2
    high  the most it adds: 0.2
    """

    low: Annotated[float, msgspec.Meta(ge=-1, le=1)]
    high: Annotated[float, msgspec.Meta(ge=-1, le=1)]

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must not exceed high")


class Augment(Section, frozen=True):
    """Random changes of photo and mask together, on the training split.

    horizontal_flip, vertical_flip, blur  probability for each photo
    rotate_degrees                        turned by an angle uniform in ± so many degrees
    rotate                                share of the photos that are turned
    brightness, contrast                  a factor uniform in 1 ± reach, or in 1 + low … 1 + high for {low, high}
    adjust                                share of the photos whose brightness and contrast change
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
    """Normalisation by given numbers: (image / 255 - mean) / std, per RGB channel.

    mean  red, green, blue, as shares of 1
    std   standard deviations, likewise
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Train(Section, frozen=True):
    """One training run.

    epochs         how often it goes through the train split
    batch_size     photos per step
    optimizer      sgd, adam or adamw
    lr             learning rate: that of the beginning, or the highest of one-cycle
    seed           of the order of photos, their random changes, and fresh weights
    momentum       of sgd
    weight_decay   pull of the weights towards 0
    schedule       the learning rate over the run
    augment        random changes of the train photos
    augment_val    change the val photos at random too, as some reports did
    normalise      mean and deviation that photos are brought to 0 and 1 by: ImageNet's, those of the train split or of
                   all photos, or given ones
    class_weights  weights of the classes in the cross-entropy, from the pixels of the train split
    void           class that pixels without one are learned as; "ignore": they are not learned
    dice           weight of the soft dice loss that is added to the cross-entropy
    freeze         beginnings of tensor names that are not trained; their batch norms keep their running statistics
    select         criterion of the best checkpoint, on the val split; onehot_accuracy and index_dice as the protocols of
                   these names count, dice is the macro dice
    patience       epochs without a better checkpoint after which it stops; None: it never stops early
    precision      of the arithmetic: bf16 takes less memory and is fast on recent accelerators
    channels_last  layout of tensors that some processors are faster with
    accumulate     batches per step of the optimizer: batch_size times accumulate photos count as one step
    compile        let torch compile the network first
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
