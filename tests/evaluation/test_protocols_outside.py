"""The protocols against the programs that others publish figures with: Cityscapes' evaluator, scikit-learn, torchmetrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

metrics = pytest.importorskip("sklearn.metrics")

from segdata.evaluation.pixel_sums import PixelSums  # noqa: E402
from segdata.evaluation.protocols import score  # noqa: E402
from segdata.ontology import load_ontology  # noqa: E402
from tests.evaluation.brute_force import Photo, random_photos  # noqa: E402


def sums_of(photos: list[Photo], num_classes: int) -> PixelSums:
    return PixelSums.stack([PixelSums.of(truth, prediction, num_classes) for truth, prediction in photos])


def known_pixels(photos: list[Photo]) -> tuple[np.ndarray, np.ndarray]:
    truth = np.concatenate([one.ravel() for one, _ in photos])
    prediction = np.concatenate([one.ravel() for _, one in photos])
    return truth[truth != 255], prediction[truth != 255]


@pytest.mark.parametrize("seed", [0, 1])
def test_scikit_learn_agrees(seed: int) -> None:
    photos = random_photos(seed)
    sums, (truth, prediction) = sums_of(photos, 5), known_pixels(photos)
    common = {"labels": list(range(5)), "zero_division": 0}
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, prediction, average="weighted", **common
    )
    assert score("weighted-precision", sums).value == pytest.approx(precision)
    assert score("weighted-recall", sums).value == pytest.approx(recall)
    assert score("weighted-f1", sums).value == pytest.approx(f1)
    assert score("pixel-accuracy", sums).value == pytest.approx(metrics.accuracy_score(truth, prediction))
    assert score("frequency-weighted-iou", sums).value == pytest.approx(
        metrics.jaccard_score(truth, prediction, average="weighted", **common)
    )
    present = sorted(set(truth.tolist()) | set(prediction.tolist()) - {255})
    for protocol, figure in (("mean-iou", metrics.jaccard_score), ("macro-dice", metrics.f1_score)):
        expected = figure(truth, prediction, labels=present, average="macro")
        assert score(protocol, sums).value == pytest.approx(expected)
    labels = prediction != 255  # balanced accuracy takes no prediction without a class
    certain = [(np.where(p == 255, np.uint8(255), t).astype(np.uint8), p) for t, p in photos]
    assert score("mean-class-accuracy", sums_of(certain, 5)).value == pytest.approx(
        metrics.recall_score(
            truth[labels], prediction[labels], labels=sorted(set(truth.tolist())), average="macro"
        )
    )


def test_scikit_learn_agrees_on_void_as_road() -> None:
    photos = random_photos(2)
    truth = np.concatenate([np.where(one == 255, 0, one).ravel() for one, _ in photos])
    prediction = np.concatenate([one.ravel() for _, one in photos])
    assert score("onehot-accuracy", sums_of(photos, 5)).value == metrics.accuracy_score(truth, prediction)


@pytest.mark.parametrize("seed", [0, 1])
def test_torchmetrics_agrees_on_void_as_a_class(seed: int) -> None:
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.classification")
    photos = random_photos(seed)
    jaccard = classification.MulticlassJaccardIndex(num_classes=6, average="macro")
    each = classification.MulticlassJaccardIndex(num_classes=6, average="none")
    for truth, prediction in photos:
        target, predicted = (
            torch.from_numpy(np.where(one == 255, 5, one).astype(np.int64)) for one in (truth, prediction)
        )
        jaccard.update(predicted, target)
        each.update(predicted, target)
    found = score("jaccard-20", sums_of(photos, 5))
    assert found.value == pytest.approx(float(jaccard.compute()), abs=1e-6)
    assert found.per_class is not None
    assert np.nan_to_num(found.per_class) == pytest.approx(each.compute().numpy(), abs=1e-6)
    accuracy = classification.MulticlassAccuracy(num_classes=6, average="micro")
    for truth, prediction in photos:
        accuracy.update(
            *(torch.from_numpy(np.where(one == 255, 5, one).astype(np.int64)) for one in (prediction, truth))
        )
    assert score("accuracy-20", sums_of(photos, 5)).value == pytest.approx(
        float(accuracy.compute()), abs=1e-6
    )
    without_void = score("void-as-error-miou", sums_of(photos, 5)).per_class
    assert np.nan_to_num(without_void) == pytest.approx(each.compute().numpy()[:5], abs=1e-6)


def cityscapes_evaluator(truths: list[Path], predictions: list[Path]) -> dict[str, object]:
    """What cityscapesscripts writes for these pairs of label-id files."""
    evaluator = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    arguments = evaluator.args
    arguments.quiet, arguments.JSONOutput, arguments.evalInstLevelScore = True, False, False
    result: dict[str, object] = evaluator.evaluateImgLists(
        [str(path) for path in predictions], [str(path) for path in truths], arguments
    )
    return result


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cityscapes_own_evaluator_agrees(seed: int, tmp_path: Path) -> None:
    from cityscapesscripts.helpers.labels import id2label

    random = np.random.default_rng(seed)
    # Every id, ignored ones too, in truth and prediction; some classes absent, one (train) only predicted.
    ids = random.permutation([id for id in range(34) if id not in (31, 32)])[: 34 - 6 * seed]
    truths, predictions, photos = [], [], []
    table = np.array(
        [id2label[id].trainId if 0 <= id2label[id].trainId < 19 else 255 for id in range(34)], np.uint8
    )
    for index in range(4):
        truth = np.repeat(np.repeat(random.choice(ids, (6, 8)), 4, 0), 5, 1).astype(np.uint8)
        other = random.choice([*ids, 31], truth.shape).astype(np.uint8)
        prediction = np.where(random.random(truth.shape) < 0.6, truth, other)
        for folder, mask, paths in (("truth", truth, truths), ("prediction", prediction, predictions)):
            (tmp_path / folder).mkdir(exist_ok=True)
            paths.append(tmp_path / folder / f"a_000000_{index:06}_gtFine_labelIds.png")
            Image.fromarray(mask).save(paths[-1])
        photos.append((table[truth], table[prediction]))
    expected = cityscapes_evaluator(truths, predictions)
    found = score("mean-iou", sums_of(photos, 19))
    assert found.value == pytest.approx(expected["averageScoreClasses"], abs=1e-12)
    assert found.per_class is not None
    names = load_ontology("cityscapes-19").names
    class_scores = expected["classScores"]
    assert isinstance(class_scores, dict)
    assert found.per_class == pytest.approx([class_scores[name] for name in names], abs=1e-12, nan_ok=True)


def test_voc_devkit_agrees() -> None:
    """VOCevalseg of the devkit: background counted, 255 left out, nothing but classes predicted."""
    photos = [(t, np.where(p == 255, np.uint8(0), p)) for t, p in random_photos(0, num_classes=21, count=12)]
    truth, prediction = known_pixels(photos)
    counts = np.zeros((21, 21))
    np.add.at(counts, (truth, prediction), 1)
    expected = []
    for j in range(21):
        gtj, resj, gtjresj = counts[j, :].sum(), counts[:, j].sum(), counts[j, j]
        expected.append(100 * gtjresj / (gtj + resj - gtjresj))
    assert 100 * score("mean-iou", sums_of(photos, 21)).value == pytest.approx(np.mean(expected), abs=1e-12)
