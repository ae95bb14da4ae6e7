"""Score anybody's predicted masks: a folder of files against a pipeline's truth or a folder of masks, by every protocol.

>>> result = score_folder(Path("predictions"), open_truth(project, "cityscapes-deeplabv3"))
>>> result.scored, result.truths, result.protocols[0]
(500, 500, ProtocolScore(protocol='mean-iou', value=0.7012, interval=(0.6891, 0.7113)))

Pairs are looked at one after the other, so memory holds one photo's masks. A truth without a prediction is not scored, and
listed: a figure over some of the photos is not the figure of the split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from segdata.conversion.sources import set_aside
from segdata.errors import ConfigError, DataError
from segdata.evaluation.confusion import void_id
from segdata.evaluation.encodings import Encoding, guess_encoding, kind_of, read_class_ids
from segdata.evaluation.pairing import Pairs, pair
from segdata.evaluation.pixel_sums import PixelSums
from segdata.evaluation.protocols import ProtocolScore, score, score_all
from segdata.evaluation.tables import number
from segdata.evaluation.truths import Truth
from segdata.findings import Finding
from segdata.photo import resize_mask
from segdata.sample import Mask
from segdata.wording import size_text

Shown = Callable[[Iterable[str]], Iterable[str]]
"""A progress bar, or nothing."""


class ClassScore(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """One class over the whole split; None where a figure is not defined. Pixels are those of the truth."""

    name: str
    pixels: int
    iou: float | None
    boundary_iou: float | None
    dice: float | None
    accuracy: float | None


class FolderScores(msgspec.Struct, frozen=True, kw_only=True):
    """What --json writes. Shares of 1, rounded to 6 digits.

    scored, truths  photos that have both, and photos that have a truth
    missing         truths without a prediction: not scored
    findings        truths that could not be read, which are not scored, and what else was doubtful
    extra           predictions without a truth
    encoding        of the predictions; `encoding_guessed` says why where nobody said it
    resized         predictions of another size than the truth, resized to it by nearest pixel
    scored_hw       height and width at which segdata scored these predictions before it brought them to the size that
                    they are kept at; None: at that, or they are not known to be segdata's
    void_class      the ontology's last class where it is called "void": the same as 255, and not among `classes`
    """

    format_version: int = 1
    predictions: str
    truth: str
    split: str | None
    ontology: str
    encoding: str
    encoding_guessed: str | None
    scored: int
    truths: int
    resized: int
    scored_hw: tuple[int, int] | None = None
    missing: tuple[str, ...]
    findings: tuple[str, ...]
    extra: tuple[str, ...]
    protocols: tuple[ProtocolScore, ...]
    classes: tuple[ClassScore, ...]
    void_class: str | None

    @property
    def complete(self) -> bool:
        """Whether every truth was scored."""
        return self.scored == self.truths


class _Beside(msgspec.Struct):
    """Of the metrics.json of an evaluation, at which size it scored."""

    size_hw: tuple[int, int]


def score_folder(
    predictions: Path,
    truth: Truth,
    *,
    encoding: Encoding | None = None,
    resize: bool = False,
    shown: Shown = lambda ids: ids,
) -> FolderScores:
    """Score the masks below a folder.

    encoding  None: guessed from the files, and told
    resize    predictions of another size take the truth's, nearest by pixel centres; else they are an error
    Raises DataError for a prediction (or, in a folder, a truth) that cannot be read, of another size, or with a value that is no class;
    ConfigError for an encoding that cannot be guessed.
    """
    pairs = pair(truth.ids(), predictions)
    guessed = None
    if encoding is None:
        encoding, guessed = guess_encoding([*pairs.files.values()], truth.ontology, truth.colors_known)
    if encoding == "colors" and not truth.colors_known:
        raise ConfigError(
            "--encoding",
            found="coloured predictions, and classes without colours",
            expected="colours beside the names",
            fix="Give --names a YAML file: {road: [128, 64, 128], …}.",
        )
    read = _Reader(truth, encoding, guessed is not None, resize)
    sums: list[PixelSums] = []
    findings = [*truth.findings, *pairs.findings]
    for id in shown(pairs.files):
        try:
            mask = truth.read(id)
        except DataError as error:
            if not truth.sets_aside:
                raise
            findings.append(set_aside(error))
            continue
        predicted = read.prediction(mask, *pairs.files[id])
        sums.append(PixelSums.of(mask, predicted, len(truth.ontology), void_id(truth.ontology)))
    if not sums:
        raise DataError(
            truth.said_to_be,
            found=f"no truth that can be read ({findings[-1].line()})",
            expected="at least one",
        )
    said = (str(predictions), encoding, guessed)
    return _result(said, truth, pairs, PixelSums.stack(sums), findings, read)


class _Reader:
    """Reads predictions to the truth's size, and counts those that had another."""

    def __init__(self, truth: Truth, encoding: Encoding, guessed: bool, resize: bool) -> None:
        self._truth, self._encoding, self._guessed, self._resize = truth, encoding, guessed, resize
        self.resized = 0
        self.sizes: set[tuple[int, ...]] = set()

    def prediction(self, mask: Mask, path: Path, name: str) -> Mask:
        if self._guessed and self._encoding != "cityscapes-ids":
            kind = kind_of(path, name, self._truth.ontology, self._truth.colors_known)
            if kind != self._encoding:
                raise DataError(
                    name,
                    found=f"encoding {kind}",
                    expected=f"{self._encoding}, as the other files",
                    fix="Say what the files hold: --encoding.",
                )
        predicted = read_class_ids(path, name, self._encoding, self._truth.ontology)
        self.sizes.add(predicted.shape)
        if predicted.shape == mask.shape:
            return predicted
        if not self._resize:
            raise DataError(
                name,
                found=size_text(predicted.shape[:2]),
                expected=f"{size_text(mask.shape[:2])}, the truth's size",
                fix="Predict at that size, or give --resize-predictions nearest.",
            )
        self.resized += 1
        return resize_mask(predicted, (mask.shape[0], mask.shape[1]))


def _result(
    said: tuple[str, Encoding, str | None],
    truth: Truth,
    pairs: Pairs,
    sums: PixelSums,
    findings: list[Finding],
    read: _Reader,
) -> FolderScores:
    predictions, encoding, guessed = said
    return FolderScores(
        predictions=predictions,
        truth=truth.said_to_be,
        split=truth.split,
        ontology=truth.ontology.name,
        encoding=encoding,
        encoding_guessed=guessed,
        scored=len(sums.values),
        truths=len(truth.ids()),
        resized=read.resized,
        scored_hw=_scored_at(Path(predictions), read.sizes),
        missing=tuple(pairs.missing),
        findings=tuple(finding.line() for finding in findings),
        extra=tuple(pairs.extra),
        protocols=score_all(sums),
        classes=_classes(truth, sums),
        void_class=None if void_id(truth.ontology) is None else truth.ontology.names[-1],
    )


def _scored_at(predictions: Path, sizes: set[tuple[int, ...]]) -> tuple[int, int] | None:
    """The size that the metrics.json beside predictions/ tells, where none of these masks has it."""
    folder = predictions.resolve()
    try:
        beside = msgspec.json.decode((folder.parent / "metrics.json").read_bytes(), type=_Beside)
    except (OSError, msgspec.MsgspecError):
        return None  # none, or somebody else's
    return None if folder.name != "predictions" or beside.size_hw in sizes else beside.size_hw


def _classes(truth: Truth, sums: PixelSums) -> tuple[ClassScore, ...]:
    def figures(protocol: str) -> list[float]:
        per_class = score(protocol, sums).per_class
        assert per_class is not None
        figures: list[float] = per_class.tolist()
        return figures

    names = truth.ontology.names[: sums.num_classes]
    columns = [figures(name) for name in ("mean-iou", "boundary-iou", "macro-dice", "mean-class-accuracy")]
    pixels = sums.truth.sum(axis=0)[: sums.num_classes].tolist()
    return tuple(
        ClassScore(name, count, *map(number, values))
        for name, count, *values in zip(names, pixels, *columns, strict=True)
    )
