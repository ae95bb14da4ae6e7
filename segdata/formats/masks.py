"""Plain mask folders: a photo and a mask of the same name, its pixels the label values.

    image/0001TP_006690.jpg     mask/0001TP_006690.png      sample "0001TP_006690"
    names.txt                   line i names value i - 1

or, with `split_folders: true`, one such pair of folders per split:

    train/image/0001TP_006690.jpg   train/mask/0001TP_006690.png   val/…   test/…      sample "train/0001TP_006690"

Other layouts, a folder for each split or names with endings: `_parts/masks_pairs.py`.

Masks are single-channel files of 8 or 16 bits, or palettised (their indices count, not their colours, unless the colours are
named). The label map gives every value its class: {3: road, 11: ignore}, or, where `options.names` names the values,
{pavement: road}, or, for masks in colours, every colour: {"128,64,128": road, "0,0,0": ignore}.

Traps
- A JPEG mask invents values along every border, and may be called .png, or lie in a TIFF: refused by its content.
- A coloured (RGB) mask has no label values, and is refused, too. With colours in the label map, or a labelmap.txt as
  `options.names`, a coloured or palettised mask goes through its colours: image programs number palettes as they
  please. VOC's border colour is 255 beside a labelmap.txt; any other unknown colour is an error.
- A label map of colours numbers nothing: numbers beside them, and masks of numbers under them, are refused.
- Value 0 is a value like any other; whether it is background, unlabelled or a class, the label map says.
- A mask has the photo's size, upright as the photo is shown unless `source.exif: as-stored` says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from segdata.digests import value_digest
from segdata.errors import ConfigError, DataError, nearest
from segdata.findings import Finding
from segdata.formats import Fingerprint, FormatRow, OpenSource
from segdata.formats._parts.label_file import (
    LABEL_MAP,
    LabelFile,
    labels_of_colors,
    read_numbers,
    refuse_contradictions,
    refuse_numbers,
)
from segdata.formats._parts.masks_pairs import Options, Pair, list_pairs, several
from segdata.formats._parts.photo_files import digest_of
from segdata.formats._surveys.masks import survey
from segdata.label_map import LabelMap
from segdata.ontology import IGNORE_INDEX
from segdata.photo import Photo, Resize, turn_upright
from segdata.rasterize import blank_mask
from segdata.sample import Mask, Sample

__all__ = ["Options", "Reader", "class_ids", "survey"]

ROW = FormatRow(
    reads="a photo folder beside a mask folder, paired by name",
    class_from="pixel value, its name, or the colour, through `label_map`",
    splits="`train/ val/ test/` folders",
)


def class_ids(path: Path, name: str, label_map: LabelMap, labels: LabelFile | None = None) -> Mask:
    """A mask file as class ids. Returns uint8 (H, W), 255 = ignore; its orientation is the file's own.

    labels  what the values are called, and the colours of a coloured mask
    Raises DataError for coloured or JPEG masks, UnmappedLabelError for a value that the label map does not name.
    """
    values = read_numbers(path, name, labels)
    if values.ndim != 2:
        raise DataError(
            name,
            found="a coloured (RGB) mask",
            expected="one channel of label values, or a palettised file",
            fix='Map the colours in source.label_map ("128,64,128": road), or name a labelmap.txt (a line per label: '
            "road:128,64,128::) in source.options.names.",
        )
    return label_map.remap(values, where=name, names=dict(enumerate(labels.names)) if labels else None)


def map_of_values(source: OpenSource, labels: LabelFile | None) -> LabelMap:
    """Class id of every mask value: by the names of `options.names`, or colours, where there are any, by value.

    Raises ConfigError for names in the label map without such a file, names that it does not hold, numbers beside
    colours, or a number that goes to another class than its name.
    """
    own_names = source.label_map == LabelMap.identity(source.ontology)
    by_name = source.label_map.by_name
    if labels is not None and labels.name == LABEL_MAP and not own_names:
        refuse_numbers(source.label_map.by_value, labels, source.where)
    known = () if labels is None else labels.names
    unknown = sorted(by_name.keys() - set(known))
    if unknown and not own_names and (labels is not None or not source.label_map.by_value):
        expected = "values of the masks, or source.options.names: the file that names them"
        if labels is not None:
            expected = f"a name of {labels.name}; {nearest(unknown[0], known)}"
        place = "source.label_map"
        raise ConfigError(source.where, place=place, found=f"the name {unknown[0]!r}", expected=expected)
    if labels is None:
        return source.label_map
    named = {value: by_name[name] for value, name in enumerate(known) if name in by_name}
    if not own_names:
        refuse_contradictions(named, source.label_map.by_value, labels, source.ontology.names, source.where)
    by_value = {IGNORE_INDEX: IGNORE_INDEX} if own_names else source.label_map.by_value
    return LabelMap({}, {**by_value, **named} if own_names else {**named, **by_value})


class Reader:
    """Photos and masks paired by name. Raises DataError when a folder is absent."""

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        options = source.decode_options(Options)
        found: list[Finding] = []
        self._labels: LabelFile | None = None
        if options.names is not None:
            path = source.inside(options.names, named_by=f"{source.where}: source.options.names")
            source.need(options.names, "names of the mask values: one per line, the first that of value 0")
            self._labels = LabelFile.read(path, options.names)
        else:
            self._labels = labels_of_colors(source.label_map.by_name, source.where)
        self._label_map = map_of_values(source, self._labels)
        self._pairs: dict[str, Pair] = {}
        for id, pair in list_pairs(source, options, found).items():
            if not pair.photos:
                message = "no photo of this name"
                found += [Finding("no-photo", mask, "", message, "set aside", "error") for mask in pair.masks]
            elif not pair.masks and source.unannotated == "skip":
                found += [_no_mask(photo, source.unannotated_action) for photo in pair.photos]
            else:
                self._pairs[id] = pair
        self.findings: Sequence[Finding] = tuple(found)

    def ids(self) -> Sequence[str]:
        return tuple(sorted(self._pairs))

    def official_split(self, id: str) -> str | None:
        return self._pairs[id].split

    def fingerprint(self, id: str) -> Fingerprint:
        photo, mask = self.files(id)
        digest = None if mask is None else digest_of(self._source.path_of(mask), mask)
        said: list[object] = [photo, mask, digest]
        if self._labels is not None:
            said.append(msgspec.to_builtins(self._labels))
        return Fingerprint(digest_of(self._source.path_of(photo), photo), value_digest(said))

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        name, mask_name = self.files(id)
        photo = Photo.open(self._source.root / name, name)
        if mask_name is None:
            blank = photo.fitted(blank_mask(photo.upright_hw, self._source.unannotated_id), resize)
            return photo.sample(id, blank, resize, (_no_mask(name, self._source.unannotated_action),))
        mask = class_ids(self._source.root / mask_name, mask_name, self._label_map, self._labels)
        if self._source.exif == "as-stored":
            mask = turn_upright(mask, photo.orientation)
        mask = photo.fitted(mask, resize)
        return photo.sample(id, mask, resize)

    def files(self, id: str) -> tuple[str, str | None]:
        """Photo and mask of a sample, relative to the root. Raises DataError for several of either."""
        pair = self._pairs[id]
        for names, what in ((pair.photos, "photos"), (pair.masks, "masks")):
            if len(names) > 1:
                raise several(names, what, id)
        return pair.photos[0], pair.masks[0] if pair.masks else None


def _no_mask(photo: str, action: str) -> Finding:
    return Finding("not-annotated", photo, "", "no mask of this name", action, "warning")
