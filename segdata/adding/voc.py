"""PASCAL VOC: the mask goes to SegmentationClass, the id to the list of its split."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from segdata.adding.changes import Bad, Merge, Newcomer, Removal
from segdata.adding.paired import PairedStore, add_line, content_digest, drop_lines, lacking_split
from segdata.digests import bytes_digest
from segdata.formats._parts.photo_files import composed
from segdata.formats.voc import Options
from segdata.pipeline import SPLITS


class Store(PairedStore):
    """A VOC tree. Raises ConfigError where lists decide about the splits and none was chosen."""

    mask_endings = (".png", ".mat")

    def _open(self) -> None:
        self._options = self._source.decode_options(Options)
        self.photo_folder, self.mask_folder = self._options.photos, self._options.masks
        self._lists = self._list_files()

    def _list_files(self) -> dict[str, list[str]]:
        """Lists of each split, relative to the root; without any, every mask is a sample."""
        folder, chosen = self._options.lists, self._options.splits
        if chosen:
            return {
                split: [
                    posixpath.normpath(f"{folder}/{one}.txt")
                    for one in ([said] if isinstance(said, str) else said)
                ]
                for split, said in chosen.items()
            }
        found = {split: f"{folder}/{split}.txt" for split in SPLITS}
        return {split: [name] for split, name in found.items() if (self._source.root / name).is_file()}

    def options_alone(self) -> dict[str, object]:
        left_out = ("lists", "splits", "more_masks")
        return {key: value for key, value in self._source.options.items() if key not in left_out}

    def further(self, merge: Merge, newcomers: Sequence[Newcomer]) -> None:
        split, where = self._choice.split, self._source.where
        if not self._lists:
            if split is not None:
                merge.said.append("no list of splits here: --split has no use")
            return
        if split not in self._lists:
            raise lacking_split(where, f"lists of {', '.join(self._lists)}", self._lists)
        name = self._lists[split][0]
        content = (self._source.root / name).read_bytes()
        merge.read[name] = bytes_digest(content)
        listed = {id: other for other in self._lists for id in self._ids(other)}
        for one in newcomers:
            if listed.get(one.id) == split:
                continue
            if one.id in listed:
                merge.bad.append(Bad(one.name, f"{one.id!r} is listed in {listed[one.id]} already", one.name))
            elif one.name in merge.annotated or self.masks_there(one.id):
                content = add_line(content, one.id)
                merge.files[name] = content
            else:
                merge.said.append(f"{one.name}: without a mask it is not put on the list of {split}")

    def _ids(self, split: str) -> list[str]:
        texts = [self._source.root / name for name in self._lists[split]]
        lines = [line for path in texts if path.is_file() for line in _text(path).splitlines()]
        return [composed(line.strip()) for line in lines]

    def take_out(self, ids: Sequence[str]) -> Removal:
        removal = super().take_out(ids)
        for split, names in self._lists.items():
            for name in names:
                path = self._source.root / name
                content = path.read_bytes()
                left = drop_lines(content, set(ids))
                if left != content:
                    removal.files[name], removal.read[name] = left, content_digest(path)
                    gone = sorted(set(ids) & set(self._ids(split)))
                    removal.kept[name] = "".join(f"{id}\n" for id in gone).encode()
                    removal.unknown = [id for id in removal.unknown if id not in gone]
        return removal


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")
