"""What changed between two versions of a shard set: photos, splits, annotations, pixels per class pair, class shares.

    difference = compare(open_folder(Path("old"), "old"), open_folder(Path("new"), "new"))
    difference.pairs()     # [("road", "car", 1003), ("ignore", "road", 201)]

Rows of the manifests answer most of it; pixels are read for photos whose mask digests differ, and no others. A version
with other classes is compared by their names; one of another size has no pixels to compare, only what was annotated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segdata.errors import ShardError
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.sample import Mask
from segdata.shards.manifest import Manifest
from segdata.shards.schema import SampleRow
from segdata.shards.statistics import sum_statistics
from segdata.versions.changes import ClassShare, Difference, Moved, Reannotated, SampleAt, Side
from segdata.versions.opening import Version
from segdata.wording import size_text

SPLITS = ("train", "val", "test")
STRAY = -1


def compare(before: Version, after: Version) -> Difference:
    """Raises ShardError when pixels are needed that are not there, or that are no class."""
    old, new = before.manifest, after.manifest
    shared = sorted(old.by_id.keys() & new.by_id.keys())
    sized = old.metadata.size_hw == new.metadata.size_hw
    alike = sized and old.metadata.photo_resampling == new.metadata.photo_resampling
    names, colors = _union(old, new)
    candidates, without_effect = _candidates(old, new, shared)
    transitions = None
    if sized:
        before.require(candidates)
        after.require(candidates)
        reannotated, transitions = _pixels(before, after, candidates, names)
    else:
        height, width = new.metadata.size_hw
        reannotated = [Reannotated(id, new.by_id[id].split, None, height * width) for id in candidates]
    photo_changed = [id for id in shared if _photo(old.by_id[id], alike) != _photo(new.by_id[id], alike)]
    moved = [id for id in shared if old.by_id[id].split != new.by_id[id].split]
    touched = {one.id for one in reannotated}.union(photo_changed, moved)
    come, gone = new.by_id.keys() - old.by_id.keys(), old.by_id.keys() - new.by_id.keys()
    carried = _carried([old.by_id[id] for id in sorted(gone)], [new.by_id[id] for id in sorted(come)])
    return Difference(
        before=_side(before),
        after=_side(after),
        notes=_notes(old, new),
        added=_samples(new, come - {one.id for one in carried}),
        removed=_samples(old, gone - {one.was for one in carried}),
        moved=(*(Moved(id, old.by_id[id].split, new.by_id[id].split) for id in moved), *carried),
        reannotated=tuple(sorted(reannotated, key=lambda one: (-(one.pixels or 0), one.id))),
        photo_changed=_samples(new, photo_changed),
        without_effect=tuple(without_effect),
        unchanged=len(shared) - len(touched),
        classes=names,
        colors=colors,
        transitions=None
        if transitions is None
        else tuple(tuple(int(n) for n in line) for line in transitions),
        class_shares=tuple(_shares(old, new, names)),
    )


def _carried(gone: Sequence[SampleRow], come: Sequence[SampleRow]) -> list[Moved]:
    """Photos that went to another split and have another id there, as where ids begin with the split's folder: the same
    file with the same mask, once before and once after."""
    kinds = [Counter((row.photo_digest, row.mask_digest) for row in rows) for rows in (gone, come)]
    before = {(row.photo_digest, row.mask_digest): row for row in gone}
    found = []
    for row in come:
        kind = (row.photo_digest, row.mask_digest)
        if kinds[0][kind] == kinds[1][kind] == 1 and before[kind].split != row.split:
            found.append(Moved(row.id, before[kind].split, row.split, before[kind].id))
    return found


def changed_ids(old: Manifest, new: Manifest) -> list[str]:
    """Photos of `new` that `old` has not, or with another file or annotation: also where no pixel of the set shows it."""

    def raw(row: SampleRow | None) -> tuple[str, str] | None:
        return (row.photo_digest, row.annotation_digest) if row else None

    return sorted(id for id, row in new.by_id.items() if raw(row) != raw(old.by_id.get(id)))


def table_of(manifest: Manifest, names: Sequence[str]) -> NDArray[np.int64]:
    """int64 (256,): mask value of a version → index in `names`; -1 for a value that is no class."""
    table = np.full(256, STRAY, np.int64)
    for value, (name, _) in enumerate(manifest.metadata.classes):
        table[value] = names.index(name)
    table[IGNORE_INDEX] = names.index(IGNORE)
    return table


def _union(old: Manifest, new: Manifest) -> tuple[tuple[str, ...], tuple[tuple[int, int, int], ...]]:
    """Classes of the newer version in id order, then those only the older has, then ignore."""
    colors = dict(new.metadata.classes)
    for name, color in old.metadata.classes:
        colors.setdefault(name, color)
    colors[IGNORE] = (224, 224, 224)
    return tuple(colors), tuple(colors.values())


def _candidates(old: Manifest, new: Manifest, shared: Sequence[str]) -> tuple[list[str], list[str]]:
    """Photos whose mask is, or with other classes may be, another; and those only whose annotation is."""
    if old.metadata.size_hw != new.metadata.size_hw:
        edited = [id for id in shared if old.by_id[id].annotation_digest != new.by_id[id].annotation_digest]
        return edited, []
    if [name for name, _ in old.metadata.classes] != [name for name, _ in new.metadata.classes]:
        return list(shared), []
    differ = [id for id in shared if old.by_id[id].mask_digest != new.by_id[id].mask_digest]
    edited = [id for id in shared if old.by_id[id].annotation_digest != new.by_id[id].annotation_digest]
    return differ, sorted(set(edited).difference(differ))


def _pixels(
    before: Version, after: Version, ids: Sequence[str], names: Sequence[str]
) -> tuple[list[Reannotated], NDArray[np.int64]]:
    """Count pixels (class before, class after) of these photos; those with a difference are re-annotated."""
    tables = [table_of(version.manifest, names) for version in (before, after)]
    total = np.zeros((len(names), len(names)), np.int64)
    found = []
    for id in sorted(ids, key=lambda id: (after.manifest.by_id[id].shard, id)):
        classes = [
            table[_checked(version, id, table)]
            for version, table in zip((before, after), tables, strict=True)
        ]
        pairs = classes[0] * len(names) + classes[1]
        counts = np.bincount(pairs.ravel(), minlength=total.size).reshape(total.shape)
        changed = int(counts.sum() - np.trace(counts))
        if changed:
            total += counts
            found.append(Reannotated(id, after.manifest.by_id[id].split, changed, pairs.size))
    return found, total


def _checked(version: Version, id: str, table: NDArray[np.int64]) -> Mask:
    mask = version.sample(id)[1]
    stray = mask[table[mask] == STRAY]
    if stray.size:
        raise ShardError(
            version.label,
            place=f"{version.manifest.by_id[id].shard}, sample {id}",
            found=f"mask value {int(stray[0])}",
            expected="a class id, or 255",
            fix="The shard is damaged: segdata verify names what else is.",
        )
    return mask


def _photo(row: SampleRow, alike: bool) -> str:
    """Pixels are compared where both versions were scaled alike, else the originals' files."""
    return row.image_digest if alike else row.photo_digest


def _samples(manifest: Manifest, ids: Sequence[str] | set[str]) -> tuple[SampleAt, ...]:
    return tuple(SampleAt(id, manifest.by_id[id].split) for id in sorted(ids))


def _side(version: Version) -> Side:
    manifest = version.manifest
    photos = {split: len(manifest.split_rows([split])) for split in SPLITS}
    return Side(version.label, manifest.metadata.size_hw, {split: n for split, n in photos.items() if n})


def _notes(old: Manifest, new: Manifest) -> tuple[str, ...]:
    """Differences of what all samples of a set share, in words."""
    notes = []
    (height, width), (new_height, new_width) = old.metadata.size_hw, new.metadata.size_hw
    if (height, width) != (new_height, new_width):
        notes.append(
            f"sizes differ, {size_text((height, width))} before, {new_height}x{new_width} after: no pixels are compared; "
            "re-annotated means an edited annotation, a changed photo another file"
        )
    elif old.metadata.photo_resampling != new.metadata.photo_resampling:
        kinds = f"{old.metadata.photo_resampling} before, {new.metadata.photo_resampling} after"
        notes.append(f"photos were scaled differently, {kinds}: a changed photo is another file")
    names = [[name for name, _ in manifest.metadata.classes] for manifest in (old, new)]
    gone = [name for name in names[0] if name not in names[1]]
    come = [name for name in names[1] if name not in names[0]]
    if gone or come:
        notes.append(
            f"classes differ, only before: {', '.join(gone) or 'none'}; only after: {', '.join(come) or 'none'}: "
            "they are compared by name"
        )
    elif names[0] != names[1]:
        notes.append("the classes have other ids: they are compared by name")
    return tuple(notes)


def _shares(old: Manifest, new: Manifest, names: Sequence[str]) -> list[ClassShare]:
    """Per split and class, in the order of `names`; splits that neither version has are left out."""
    found = []
    for split in SPLITS:
        sides = [_split_shares(manifest, split) for manifest in (old, new)]
        if any(sides):
            found += [ClassShare(split, name, sides[0].get(name), sides[1].get(name)) for name in names]
    return found


def _split_shares(manifest: Manifest, split: str) -> dict[str, float]:
    rows = manifest.split_rows([split])
    if not rows:
        return {}
    sums = sum_statistics(rows, manifest.metadata)
    labelled = int(sums.pixels.sum())
    shares = {
        name: int(pixels) / labelled if labelled else 0.0
        for (name, _), pixels in zip(manifest.metadata.classes, sums.pixels, strict=True)
    }
    return shares | {IGNORE: sums.ignored / (labelled + sums.ignored)}
