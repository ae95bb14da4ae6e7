"""Cityscapes: leftImg8bit/<split>/<city>/<id>_leftImg8bit.png, and gtFine/<split>/<city>/<id>_gtFine_labelIds.png.

A photo without the ending gets it; its city is its folder (--into), or the first word of its name.
"""

from __future__ import annotations

import posixpath

from segdata.adding.paired import PairedStore, lacking_split
from segdata.errors import DataError
from segdata.formats._parts.photo_files import list_files, without_extension
from segdata.formats.cityscapes import Options

_PHOTO = "_leftImg8bit"


class Store(PairedStore):
    """A Cityscapes tree. Raises ConfigError where no split was chosen."""

    mask_endings = (".png", ".json")
    photo_suffix = ""

    def _open(self) -> None:
        self._options = self._source.decode_options(Options)
        split = self._choice.split
        if split is None and len(self._options.splits) == 1:
            (split,) = self._options.splits  # type: ignore[assignment]
        if split not in self._options.splits:
            splits = self._options.splits
            raise lacking_split(self._source.where, f"folders of {', '.join(splits)}", splits)
        self._split = split
        self.photo_folder = f"leftImg8bit/{split}"
        self.mask_folder = f"{self._options.annotation}/{split}"

    def options_alone(self) -> dict[str, object]:
        return dict(self._source.options) | {"splits": [self._split]}

    def photo_name(self, relative: str) -> str:
        folder, file = posixpath.split(relative)
        stem = without_extension(file)
        ending = file[len(stem) :]
        id = stem.removesuffix(_PHOTO)
        city = folder or (id.partition("_")[0] if "_" in id else "")
        if not city:
            raise DataError(
                relative,
                found="no city",
                expected="a name like aachen_000000_000019",
                fix="Or give --into CITY.",
            )
        return f"{self.photo_folder}/{city}/{id}{_PHOTO}{ending}"

    def stem_of(self, name: str) -> str:
        return without_extension(posixpath.basename(name)).removesuffix(_PHOTO)

    def given_stem(self, mask: str) -> str:
        return self._parts(mask)[0]

    def _parts(self, mask: str) -> tuple[str, str]:
        """The id that a mask file is named after, and its kind: labelIds.png."""
        folder, file = posixpath.split(mask)
        id, ending, kind = file.rpartition(f"_{self._options.annotation}_")
        if not ending:
            stem = without_extension(file)
            id, kind = stem.removesuffix(_PHOTO), self._options.truth + file[len(stem) :]
        return posixpath.join(folder, id), kind

    def mask_name(self, name: str, mask: str) -> str:
        city = posixpath.basename(posixpath.dirname(name))
        kind = self._parts(mask)[1]
        return f"{self.mask_folder}/{city}/{self.stem_of(name)}_{self._options.annotation}_{kind}"

    def _lying(self, folder: str, id: str, mark: str) -> list[str]:
        root, found = self._source.root, []
        for split in self._options.splits:
            path = root / folder / split
            for name, file in (list_files(path, root, []) if path.is_dir() else {}).items():
                if posixpath.basename(name).startswith(f"{id}{mark}"):
                    found.append(file.relative_to(root).as_posix())
        return found

    def masks_there(self, id: str) -> list[str]:
        return self._lying(self._options.annotation, id, f"_{self._options.annotation}_")

    def photos_there(self, id: str) -> list[str]:
        return self._lying("leftImg8bit", id, f"{_PHOTO}.")
