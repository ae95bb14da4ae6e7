"""PASCAL VOC segmentation masks (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf), also as labelme and CVAT write them.

    JPEGImages/2007_000032.jpg
    SegmentationClass/2007_000032.png               palettised: 0 background, 1 aeroplane, … 255 border
    ImageSets/Segmentation/{train,val,test}.txt     one id per line: "2007_000032"
    class_names.txt                                 labelme: line i names index i
    labelmap.txt                                    CVAT: "aeroplane:128,0,0::" per line
    SegmentationClassAug/2008_000002.png            SBD's masks as PNG …
    dataset/cls/2008_000002.mat                     … or as SBD has them: GTcls.Segmentation

The class of a pixel is its palette *index*; 255, the border between objects, is always ignore. A mask stored in
colours goes through the VOC palette, or through the colours of labelmap.txt, and a colour that stands in neither is
an error with its row and column. Names of source.label_map are understood where `options.labels` says what the
indices are called; its values are indices.

Trained on trainaug (10,582 photos), as most papers are:

    options: {more_masks: SegmentationClassAug, splits: {train: trainaug, val: val}}

or from SBD itself, `more_masks: SBD/dataset/cls` and `train: [train, ../../SBD/dataset/train, ../../SBD/dataset/val]`:
what val lists too is taken out of train and counted. Where both have a mask, VOC's own is taken, and this is counted.

Traps: opened as RGB or grey, a palettised mask yields colours or brightness and no class. The palette of another tool
changes nothing about the indices. A border mapped to class 21 is a wrong class. Annotations/*.xml are boxes, or
outlines, and no masks. SBD's own train and val lists share photos with VOC's val. Masks are in the frame of the photo
as it is shown, unless `source.exif: as-stored` says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import msgspec

from segdata.digests import value_digest
from segdata.errors import DataError
from segdata.findings import Finding, Severity
from segdata.formats import Fingerprint, FormatRow, OpenSource
from segdata.formats._parts.label_file import LabelFile
from segdata.formats._parts.masks_pairs import several
from segdata.formats._parts.photo_files import PHOTO_SUFFIXES, digest_of, list_paths, without_extension
from segdata.formats._parts.voc_lists import read_lists
from segdata.formats._parts.voc_masks import map_of_indices, read_indices
from segdata.formats._surveys.voc import survey
from segdata.photo import Photo, Resize, turn_upright
from segdata.pipeline import Split
from segdata.rasterize import blank_mask
from segdata.sample import Sample
from segdata.wording import counted

__all__ = ["LabelFile", "Options", "Reader", "survey"]

ROW = FormatRow(
    reads="palettised or VOC-coloured masks, 255 border; `labelmap.txt`, `class_names.txt`; SBD and SegmentationClassAug",
    class_from="palette index or its name, through `label_map`",
    splits="`ImageSets/Segmentation`",
)


MASK_SUFFIXES = (".png", ".mat")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where things lie below the root.

    photos      folder of the photos (.jpg, .png, …)
    masks       folder of the masks (.png, or .mat as SBD has them)
    more_masks  folder of masks to take where `masks` has none: SegmentationClassAug, or SBD's dataset/cls
    lists       folder of train.txt, val.txt, test.txt: the official splits; without them every mask is a sample
    splits      split → its list, or several, in `lists`, without .txt: {train: trainaug, val: val}; none: those above
    labels      class_names.txt or labelmap.txt: names of the indices
    """

    photos: str = "JPEGImages"
    masks: str = "SegmentationClass"
    more_masks: str | None = None
    lists: str = "ImageSets/Segmentation"
    splits: dict[Split, str | list[str]] = {}
    labels: str | None = None


class Reader:
    """A VOC tree.

    Raises DataError when photos or masks are absent or an id is in two lists, ConfigError for names in the label map
    that options.labels does not hold, or a class for the border.
    """

    findings: Sequence[Finding]

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._options = options = source.decode_options(Options)
        folders = (options.photos, options.masks, options.more_masks, options.lists, options.labels)
        for folder in folders:
            source.inside(folder or "", named_by=f"{source.where}: source.options")
        self._refuse_boxes()
        source.need(options.photos, "the photos: <id>.jpg")
        source.need(options.masks, "the masks: <id>.png")
        self._labels: LabelFile | None = None
        if options.labels is not None:
            path = source.need(options.labels, "names of the indices: class_names.txt or labelmap.txt")
            self._labels = LabelFile.read(path, options.labels)
        self._label_map = map_of_indices(source, self._labels)
        findings: list[Finding] = []
        self._masks = _files(source, options.masks, MASK_SUFFIXES, findings)
        if options.more_masks is not None:
            self._add_masks(options.more_masks, findings)
        self._photos = _files(source, options.photos, PHOTO_SUFFIXES, findings)
        chosen = {split: [one] if isinstance(one, str) else one for split, one in options.splits.items()}
        self._splits = read_lists(source, options.lists, chosen, findings)
        self._ids = tuple(id for id in self._candidates(findings) if self._usable(id, findings))
        self.findings = tuple(findings)

    def _refuse_boxes(self) -> None:
        """Raises DataError where XML files are all the annotation that there is."""
        root, options = self._source.root, self._options
        masks = [root / folder for folder in (options.masks, options.more_masks) if folder is not None]
        if any(path.suffix.lower() in MASK_SUFFIXES for folder in masks for path in folder.rglob("*")):
            return
        if next(islice((root / "Annotations").rglob("*.xml"), 1), None) is not None:
            lack = "mask in" if (root / options.masks).is_dir() else "folder"
            raise DataError(
                str(root),
                found=f"Annotations/*.xml (boxes or outlines) and no {lack} {options.masks}",
                expected="masks: one number per pixel",
                fix="Boxes are no masks, and outlines in XML are none either: export segmentation masks, or name "
                "their folder in source.options.masks.",
            )

    def _add_masks(self, folder: str, findings: list[Finding]) -> None:
        """Masks of a second folder for the ids that have none in the first."""
        self._source.need(folder, "masks of further photos: <id>.png, or <id>.mat as SBD has them")
        more = _files(self._source, folder, MASK_SUFFIXES, findings)
        both = sorted(more.keys() & self._masks.keys())
        if both:
            some = ", ".join(both[:3]) + (", …" if len(both) > 3 else "")
            message = f"{counted(len(both), 'mask')} that {self._options.masks} has too: {some}"
            findings.append(Finding("two-masks", folder, "", message, f"took {self._options.masks}"))
        self._masks = {**more, **self._masks}

    def _candidates(self, findings: list[Finding]) -> list[str]:
        """Ids to look at: the listed ones; without lists all that have a mask or a photo."""
        if self._splits is None:
            return sorted(self._masks.keys() | self._photos.keys())
        unlisted = sorted(self._masks.keys() - self._splits.keys())
        if unlisted:
            some = ", ".join(unlisted[:3]) + (", …" if len(unlisted) > 3 else "")
            message = f"{counted(len(unlisted), 'mask')} that no list names: {some}"
            folders = [self._options.masks, self._options.more_masks]
            name = " and ".join(folder for folder in folders if folder is not None)
            findings.append(Finding("not-listed", name, "", message, "set aside", "warning"))
        return sorted(self._splits)

    def _usable(self, id: str, findings: list[Finding]) -> bool:
        """Whether a sample can be made of this id; says why not."""
        options, listed = self._options, self._splits is not None
        photos = self._photos.get(id, [])
        if len(photos) != 1:
            code, found = ("several-photos", f"{len(photos)} photos") if photos else ("no-photo", "no photo")
            message = f"{found} named {options.photos}/{id} with ending {', '.join(PHOTO_SUFFIXES)}"
            masks = self._masks.get(id, ())
            name = masks[0] if masks else f"{options.masks}/{id}.png"
            if not masks and self._splits is not None:
                name = f"{options.lists}/{self._splits[id]}.txt"
                if split := options.splits.get(self._splits[id]):
                    name = options.lists
                    message += f" (lists of {self._splits[id]}: {split})"
                message += f", and no mask, for listed id {id!r}"
            findings.append(Finding(code, name, "", message, "set aside", "error"))
            return False
        if id in self._masks:
            return True
        policy = self._source.unannotated
        severity: Severity = "error" if listed and policy == "skip" else "warning"
        action = self._source.unannotated_action
        message = f"no mask {options.masks}/{id}.png" + (" of this listed photo" if listed else "")
        if (self._source.root / "Annotations" / f"{id}.xml").is_file():
            message += f"; boxes or outlines in Annotations/{id}.xml are none"
        findings.append(Finding("not-annotated", photos[0], "", message, action, severity))
        return policy != "skip"

    def ids(self) -> Sequence[str]:
        return self._ids

    def files(self, id: str) -> tuple[str, str | None]:
        """Photo and mask of a sample, relative to the root. Raises DataError for several masks in one folder."""
        names = self._masks.get(id, [])
        if len(names) > 1:
            raise several(names, "masks", id)
        return self._photos[id][0], names[0] if names else None

    def official_split(self, id: str) -> str | None:
        return None if self._splits is None else self._splits[id]

    def fingerprint(self, id: str) -> Fingerprint:
        photo, mask = self.files(id)
        masks = [] if mask is None else [[mask, digest_of(self._source.path_of(mask), mask)]]
        said = [photo, masks, msgspec.to_builtins(self._labels)]
        return Fingerprint(digest_of(self._source.path_of(photo), photo), value_digest(said))

    def read(self, id: str, resize: Resize | None = None) -> Sample:
        photo_name, name = self.files(id)
        photo = Photo.open(self._source.root / photo_name, photo_name)
        if name is None:
            blank = photo.fitted(blank_mask(photo.upright_hw, self._source.unannotated_id), resize)
            return photo.sample(id, blank, resize)
        values, findings = read_indices(self._source.root / name, name, self._labels)
        names = dict(enumerate(self._labels.names)) if self._labels else None
        mask = self._label_map.remap(values, where=name, names=names)
        if self._source.exif == "as-stored":
            mask = turn_upright(mask, photo.orientation)
        del values
        mask = photo.fitted(mask, resize)
        return photo.sample(id, mask, resize, findings)


def _files(
    source: OpenSource, folder: str, suffixes: tuple[str, ...], findings: list[Finding]
) -> dict[str, list[str]]:
    """Files, relative to the root, with one of these endings by their name below `folder` without the ending."""
    found: dict[str, list[str]] = {}
    files = list_paths(source.root / folder, source.root, findings)
    for name, path in files.items():
        if name.lower().endswith(suffixes):
            found.setdefault(without_extension(name), []).append(source.name_of(path))
    return found
