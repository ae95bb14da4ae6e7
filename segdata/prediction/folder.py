"""Photos to masks on disk, one photo in memory at a time; the masks to the files of an annotation tool.

data/predicted/roll-2/predictions/day 1/IMG_7.png     palettised, the index is the class id
data/predicted/roll-2/via/…                           with to="via": photos and drafts, their source.yaml too
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segdata.atomic import commit_file, temporary_file
from segdata.conversion.sources import set_aside
from segdata.digests import file_digest, value_digest
from segdata.errors import ConfigError, DataError
from segdata.evaluation.run import Run
from segdata.export import Exported, ExportItem, export_samples
from segdata.export.via_project import Dialect
from segdata.findings import Finding
from segdata.mask_file import mask_png
from segdata.ontology import Ontology
from segdata.overlay import read_prediction
from segdata.photo import Photo
from segdata.prediction.export_names import Named, export_names
from segdata.prediction.kept import ANOTHER, MASKS, Entry, Kept, Noted, opened
from segdata.prediction.masks import predict_mask
from segdata.prediction.photos import Given, Photos
from segdata.wording import counted

Shown = Callable[[Sequence[Given], str], Iterable[Given]]
"""Shows progress over the photos of a step called so."""


@dataclass
class Outcome:
    """What a prediction came to.

    predicted  photos seen by the network now
    as_before  photos whose masks lay there already
    exported   what was written for another tool; None where that was not asked for, or lay there already
    """

    predicted: int = 0
    as_before: int = 0
    findings: list[Finding] = field(default_factory=list)
    exported: Exported | None = None

    @property
    def failed(self) -> int:
        return sum(finding.severity == "error" for finding in self.findings)

    def line(self) -> str:
        """One line for people."""
        total = self.predicted + self.as_before
        text = f"{counted(total, 'photo')}: {self.predicted:,} predicted"
        text += f", {self.as_before:,} as they were" if self.as_before else ""
        return text + (f"; {self.failed:,} set aside" if self.failed else "")


def check_places(out: Path, inputs: Sequence[Path], source_root: Path) -> None:
    """Masks must not become photos of the next run, nor lie between a source's files. Raises ConfigError."""
    place = out.resolve()
    for given in [*inputs, source_root]:
        if given.is_dir() and place.is_relative_to(given.resolve()):
            raise ConfigError(str(out), found=f"a folder inside {given}", expected="one outside", fix=ANOTHER)


def predict_folder(
    run: Run,
    photos: Photos,
    wanted: Kept,
    out: Path,
    *,
    to: str | None = None,
    drafts: Dialect | None = None,
    root: str | None = None,
    shown: Shown = lambda given, _: given,
) -> Outcome:
    """Predict photos into out/predictions, and export them with their masks when `to` names a format.

    wanted  what prediction.json says in a new folder
    drafts  to VIA: outlines to correct by hand, in a set's own words; None: the very masks
    root    what the export's source.yaml gives as the folder
    A photo that cannot be read is set aside and listed. A mask of these weights, options and photo is not made again,
    nor one changed since. Raises ConfigError for a folder in use and, before the first photo, for classes or names that
    `to` cannot have; DataError when nothing is left, TrainingError.
    """
    outcome = Outcome(findings=list(photos.findings))
    named = {} if to is None else export_names(photos.given, to, out / to, run.ontology, drafts)
    with opened(out, wanted) as noted:
        _check_export(out, to, noted.kept)
        done = [one for one in shown(photos.given, "predict") if _predict(run, one, noted, out, outcome)]
        if not done:
            lines = "".join(f"\n  {finding.line()}" for finding in outcome.findings[:20])
            raise DataError("segdata predict", found=f"not one photo to predict{lines}")
        digest = noted.kept.digest_of((one.id for one in done), drafts)
        if any(split for _, split in named.values()):
            digest = value_digest([digest, [named[one.id] for one in done]])
        if to is not None and not _exported_before(out, to, noted.kept, digest, outcome):
            _check_empty(out / to)
            items = _items(shown(done, f"export {to}"), named, noted.kept, out, run.ontology, outcome)
            outcome.exported = export_samples(items, run.ontology, to, out / to, root=root, drafts=drafts)
            outcome.findings += outcome.exported.findings
            noted.kept.exported[to] = digest
    return outcome


def _predict(run: Run, given: Given, noted: Noted, out: Path, outcome: Outcome) -> bool:
    """Whether the photo has a mask now."""
    path = out / MASKS / f"{given.id}.png"
    before = noted.kept.photos.get(given.id)
    try:
        photo = Photo.open(given.path, given.name)
        digest = _digest(given)
        if path.exists():
            if before is None or file_digest(path) != before.mask:
                message = "the mask there was not predicted, or changed since"
                outcome.findings.append(Finding("mask-changed", given.name, "", message, "kept", "warning"))
                if before is None or before.photo != digest:
                    noted.add(given.id, Entry(digest, photo.upright_hw, before.mask if before else ""))
                outcome.as_before += 1
                return True
            if before.photo == digest:
                outcome.as_before += 1
                return True
        mask = predict_mask(run, photo, noted.kept.how)
    except DataError as error:
        outcome.findings.append(set_aside(error))
        return False
    with temporary_file(path.parent) as temporary:
        temporary.write_bytes(mask_png(mask, run.ontology))
        noted.add(given.id, Entry(digest, photo.upright_hw, file_digest(temporary)))
        commit_file(temporary, path)
    outcome.findings += photo.findings
    outcome.predicted += 1
    return True


def _digest(given: Given) -> str:
    try:
        return file_digest(given.path)
    except OSError as error:
        raise DataError(
            given.name, found=f"no readable file ({error.strerror})", expected="a photo"
        ) from error


def _items(
    given: Iterable[Given],
    named: Mapping[str, Named],
    kept: Kept,
    out: Path,
    ontology: Ontology,
    outcome: Outcome,
) -> Iterator[ExportItem]:
    """The masks as they lie there, with the photos' own files."""
    for one in given:
        try:
            path = out / MASKS / f"{one.id}.png"
            mask = read_prediction(path, kept.photos[one.id].size_hw, len(ontology))
        except DataError as error:
            outcome.findings.append(set_aside(error))
            continue
        id, split = named[one.id]
        yield ExportItem(id, split, np.ascontiguousarray(mask), one.path)


def _check_export(out: Path, to: str | None, kept: Kept) -> None:
    """Before an hour of prediction, not after it."""
    if to is not None and to not in kept.exported:
        _check_empty(out / to)


def _exported_before(out: Path, to: str, kept: Kept, digest: str, outcome: Outcome) -> bool:
    changed = any(finding.code == "mask-changed" for finding in outcome.findings)
    return kept.exported.get(to) == digest and not changed and (out / to).is_dir()


def _check_empty(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise ConfigError(
            str(folder),
            found="a folder in use, which may hold corrections by hand",
            expected="none, or an empty one",
            fix="Move it away, then run this again: masks are not predicted twice.",
        )
