"""The standard figure at each photo's own size, as the evaluators of Cityscapes and VOC count.

A network that works at 512x1024 gives logits of that size; enlarged bilinearly to the photo's 1024x2048 they are compared
with the annotation as it was drawn, not with one that was shrunk first.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from segdata.conversion import Conversion
from segdata.evaluation.confusion import void_id
from segdata.evaluation.device import choose_device
from segdata.evaluation.origin import Origin
from segdata.evaluation.own_size_scores import OwnSizeScores, keep_own_size
from segdata.evaluation.pixel_sums import PixelSums
from segdata.evaluation.predict import predict_logits
from segdata.evaluation.protocols import ProtocolScore, intervals, score
from segdata.evaluation.run import load_noted_run
from segdata.evaluation.tables import number
from segdata.models.layers import resize
from segdata.pipeline import Split
from segdata.project import Project
from segdata.shards import ShardSet


def score_at_own_size(
    project: Project, name: str, split: Split, protocols: Sequence[str], device: str | None
) -> list[ProtocolScore]:
    """The figures of some protocols with predictions enlarged to the photos, kept in data/scored/<name>-<split>-own-size/;
    one photo in memory at a time.

    Raises TrainingError where no run stands, DataError for a photo whose annotation cannot be read any more.
    """
    run, digests = load_noted_run(project.run_dir(name), choose_device(device, project.params().device))
    shards = ShardSet.open(project.shards_dir(name))
    scored = shards.split(split)
    reader = Conversion.open(project, name).reader
    classes, void = len(run.ontology), void_id(run.ontology)
    sums = []
    for index, id in enumerate(scored.ids):
        truth = reader.read(id).mask
        logits = resize(predict_logits(run, scored.images([index])), (truth.shape[0], truth.shape[1]))
        predicted = logits.argmax(dim=1)[0].to(torch.uint8).cpu().numpy()
        sums.append(PixelSums.of(truth, predicted, classes, void))
    photos = PixelSums.stack(sums)
    bounds = intervals(protocols, photos)
    figures = [
        ProtocolScore(one, number(score(one, photos).value), (number(bounds[one][0]), number(bounds[one][1])))
        for one in protocols
    ]
    kept = OwnSizeScores(split=split, samples=len(scored.ids), protocols=tuple(figures))
    keep_own_size(project, name, kept, Origin(shards=shards.digest, weights=digests.weights))
    return figures
