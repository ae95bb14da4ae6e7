r"""MATLAB Image Labeler (https://www.mathworks.com/help/vision/ref/groundtruth.html): a groundTruth object and PNGs.

    images/031.jpg …
    PixelLabelData/Label_1.png …    uint8 pixel label ids, 0 where nothing was labelled
    gTruth.mat                      which mask belongs to which photo, and what the ids are called:

    DataSource.Source{1}           C:\Users\Ed\street\images\031.jpg
    LabelData.PixelLabelData{1}    C:\Users\Ed\street\PixelLabelData\Label_1.png
    LabelDefinitions(1)            Name sky · Type PixelLabel · LabelColor 0.27 0.51 0.71 · PixelLabelID 1

Two layouts without a groundTruth object are read too, both paired by file name and with numbers in source.label_map:
`ground_truth: null` for image/<id>.jpg + labels/<id>.png, and `segmentations: groundTruth` for plain .mat files,
`groundTruth.Segmentation` uint8 (H, W), as CrackForest, SBD and Berkeley have them.

A groundTruth object (or a table of boxes) without pixel labels is painted: its polygons and boxes become the mask.

The sample id is the photo's path below the photos folder without extension: `031`.

Traps: Label_1.png is the mask of row 1, not of the first photo by name. Paths are those of somebody's Windows computer
(see _parts/matlab_places.py). Ids need not begin at 1, and one label may own several. 0 is unlabelled, unless a label claims it;
a mask of zeros alone is a photo that somebody opened and did not label. MATLAB shows photos as they are stored,
so masks are turned upright together with the photo (`exif: as-shown` says that they are upright already).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import msgspec
from numpy.typing import NDArray

from segdata.digests import value_digest
from segdata.errors import ConfigError, DataError
from segdata.findings import Finding
from segdata.formats import Fingerprint, FormatRow, OpenSource
from segdata.formats._parts.matlab_empty import is_zero_png
from segdata.formats._parts.matlab_files import GroundTruth, read_ground_truth
from segdata.formats._parts.matlab_masks import UNLABELLED, class_ids
from segdata.formats._parts.matlab_pairs import Pair, Pairing, pair_names, pair_rows
from segdata.formats._parts.matlab_places import Folders
from segdata.formats._parts.matlab_segmentations import read_segmentation
from segdata.formats._parts.matlab_shapes import misfit, paint_shape
from segdata.formats._parts.photo_files import digest_of
from segdata.formats._surveys.matlab import survey as survey
from segdata.label_map import LabelMap
from segdata.mask_file import read_mask_values
from segdata.photo import Photo, Resize, turn_upright
from segdata.rasterize import blank_mask
from segdata.sample import Sample

ROW = FormatRow(
    reads="Image Labeler `groundTruth` (pixel labels, polygons, rectangles); mask folders by name; plain `.mat` segmentations",
    class_from="label names, through `label_map`",
    splits="–",
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the parts of an export lie, relative to the source's root.

    ground_truth   the .mat file with the groundTruth object; null: masks are paired by name
    variable       which variable of a .mat file, where there are several
    photos         folder of the photos
    labels         folder of the masks
    segmentations  folder of plain .mat files, one per photo and named like it, instead of ground_truth and labels
    annotator      which of several people's segmentations in one variable, from 1 (Berkeley)
    """

    ground_truth: str | None = "gTruth.mat"
    variable: str | None = None
    photos: str = "images"
    labels: str = "PixelLabelData"
    segmentations: str | None = None
    annotator: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Reader:
    """An Image Labeler export. Raises DataError for a .mat file without pixel labels of photos, or an ambiguous name."""

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._options = source.decode_options(Options)
        self._truth: GroundTruth | None = None
        masks = self._options.segmentations or self._options.labels
        self._folders = Folders.of(source, self._options.photos, masks)
        self._pairing = self._pair(masks)
        if not self._folders.below(self._folders.photos) and not self._pairing.pairs:
            source.need(self._options.photos, "a folder with the photos")
        self._label_map = source.label_map if self._truth else self._map_of_values()

    def _pair(self, masks: str) -> Pairing:
        options = self._options
        if options.segmentations is None and options.ground_truth is not None:
            self._source.inside(
                options.ground_truth, named_by=f"{self._source.where}: source.options.ground_truth"
            )
            path = self._source.need(options.ground_truth, "a groundTruth object saved in MATLAB")
            self._truth = read_ground_truth(path, options.ground_truth, options.variable)
            pairing = pair_rows(self._truth.rows, self._folders, options.ground_truth)
            for label in self._truth.ignored:
                message = f"label {label} paints no pixels"
                pairing.findings.append(
                    Finding(
                        "label-without-pixels",
                        options.ground_truth,
                        "LabelDefinitions",
                        message,
                        "ignored",
                        "warning",
                    )
                )
            pairing.findings += self._truth.doubts
            return pairing
        self._source.need(options.photos, "a folder with the photos")
        self._source.need(masks, "a folder with one mask per photo, named like it")
        return pair_names(self._folders, ".mat" if options.segmentations else ".png")

    def _map_of_values(self) -> LabelMap:
        """The label map by value, with 0 as unlabelled. Raises ConfigError when it was left out: MATLAB counts from 1."""
        given = self._source.label_map
        if given == LabelMap.identity(self._source.ontology) or not given.by_value:
            raise ConfigError(
                self._source.where,
                place="source.label_map",
                found="no numbers",
                expected="the class of each mask value, such as 1: building",
                fix="Masks without a groundTruth object do not say what their values are called.",
            )
        return LabelMap({}, {UNLABELLED: self._source.unlabelled_id, **given.by_value})

    @cached_property
    def _empty(self) -> frozenset[str]:
        """Ids of masks in which nobody labelled a pixel; damaged masks are left to `read`."""
        if self._zero_is_a_label:
            return frozenset()
        pairs = self._pairing.pairs.items()
        return frozenset(id for id, pair in pairs if pair.mask is not None and self._is_zero(pair.mask))

    def _is_zero(self, name: str) -> bool:
        if self._options.segmentations is None:
            return is_zero_png(self._folders.files[name])
        try:
            return not self._values(name).any()
        except DataError:
            return False

    @property
    def _zero_is_a_label(self) -> bool:
        given = self._truth.names_by_value() if self._truth else self._source.label_map.by_value
        return UNLABELLED in given

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """Rows without photo or mask, photos that nobody labelled, masks that nobody uses."""
        action = self._source.unannotated_action
        bare = []
        for id, pair in sorted(self._pairing.pairs.items()):
            if pair.is_bare:
                what = "nothing is drawn" if self._truth and self._truth.outlined else "photo without a mask"
                bare.append(Finding("not-annotated", pair.photo, "", what, action, "warning"))
            elif pair.mask is not None and id in self._empty:
                message = f"nothing is labelled in the mask of {pair.photo}"
                bare.append(Finding("mask-empty", pair.mask, "", message, action, "warning"))
        return (*self._folders.findings, *self._pairing.findings, *bare)

    def ids(self) -> Sequence[str]:
        pairs = self._pairing.pairs
        if self._source.unannotated != "skip":
            return sorted(pairs)
        return sorted(id for id, pair in pairs.items() if not pair.is_bare and id not in self._empty)

    def official_split(self, id: str) -> str | None:
        return None

    def fingerprint(self, id: str) -> Fingerprint:
        pair = self._pair_of(id)
        names = self._truth.names_by_value() if self._truth else {}
        mask = digest_of(self._folders.files[pair.mask], pair.mask) if pair.mask else None
        photo = digest_of(self._folders.files[pair.photo], pair.photo)
        said: list[object] = [pair.photo, pair.mask, mask, sorted(names.items())]
        return Fingerprint(photo, value_digest([*said, pair.shapes] if pair.shapes else said))

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        pair = self._pair_of(id)
        photo = Photo.open(self._folders.files[pair.photo], pair.photo)
        if pair.shapes:
            return self._painted(id, pair, photo, resize)
        if pair.mask is None:
            blank = photo.fitted(blank_mask(photo.upright_hw, self._unannotated_id(pair.photo)), resize)
            return photo.sample(id, blank, resize)
        values = self._values(pair.mask)
        if not self._zero_is_a_label and not values.any():
            mask = blank_mask(values.shape[:2], self._unannotated_id(pair.mask))
        elif self._truth:
            names, unlabelled = self._truth.names_by_value(), self._source.unlabelled_id
            mask = class_ids(values, names, self._label_map, unlabelled, where=pair.mask)
        else:
            mask = self._label_map.remap(values, where=pair.mask)
        if self._source.exif != "as-shown":
            mask = turn_upright(mask, photo.orientation)
        del values
        mask = photo.fitted(mask, resize)
        return photo.sample(id, mask, resize)

    def _painted(self, id: str, pair: Pair, photo: Photo, resize: Resize | None) -> Sample:
        as_shown = self._source.exif == "as-shown"
        mask = blank_mask(photo.upright_hw if as_shown else photo.stored_hw, self._source.unlabelled_id)
        findings: list[Finding] = []
        where = str(self._options.ground_truth)
        for shape in pair.shapes:
            class_id = self._label_map.id_of_name(shape.label, where=where, place=shape.place)
            findings += paint_shape(mask, shape, class_id, pair.photo)
        findings += misfit(pair.shapes, (mask.shape[0], mask.shape[1]), pair.photo)
        mask = photo.fitted(mask if as_shown else turn_upright(mask, photo.orientation), resize)
        return photo.sample(id, mask, resize, tuple(findings))

    def _unannotated_id(self, name: str) -> int:
        """What a photo is filled with that nobody labelled. Raises DataError where such photos are to be skipped."""
        if self._source.unannotated == "skip":
            raise DataError(name, found="nothing labelled", expected="a mask with labels")
        return self._source.unannotated_id

    def _pair_of(self, id: str) -> Pair:
        if id not in self._pairing.pairs:
            raise DataError(id, found="no such sample", expected="an id that this reader lists")
        return self._pairing.pairs[id]

    def _values(self, name: str) -> NDArray[Any]:
        """Pixel label ids of a mask file: unsigned (H, W), or (H, W, 3) where the definitions are colours."""
        path = self._folders.files[name]
        if self._options.segmentations is not None:
            return read_segmentation(path, name, self._options.variable, self._options.annotator)
        values = read_mask_values(path, name)
        coloured = self._truth is not None and self._truth.coloured
        if (values.ndim == 3) != coloured:
            raise DataError(
                name,
                found=f"a mask of shape {values.shape}",
                expected="RGB colours, as PixelLabelID says" if coloured else "one number per pixel",
                fix="Export the masks from Image Labeler again.",
            )
        return values
