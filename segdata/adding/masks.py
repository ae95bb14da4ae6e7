"""Photo and mask folders: mask/<the photo's name> beside image/<the photo>, or one such pair for each split."""

from __future__ import annotations

from segdata.adding.paired import PairedStore, lacking_split
from segdata.formats._parts.masks_pairs import Options
from segdata.pipeline import SPLITS


class Store(PairedStore):
    """A source of format masks. Raises ConfigError where splits are folders and none was chosen."""

    def _open(self) -> None:
        options = self._options = self._source.decode_options(Options)
        self.photo_suffix, self.mask_suffix = options.photo_suffix, options.mask_suffix
        split, photos, masks = self._choice.split, options.photos, options.masks
        by_split = isinstance(photos, dict) or isinstance(masks, dict) or options.split_folders
        if by_split and split is None:
            lying = [one for one in SPLITS if (self._source.root / one).is_dir()]
            splits = photos if isinstance(photos, dict) else lying or SPLITS
            raise lacking_split(self._source.where, "folders for each split", splits)
        if isinstance(photos, dict) and isinstance(masks, dict):
            if split not in photos or split not in masks:
                raise lacking_split(self._source.where, f"folders for {', '.join(photos)}", photos)
            photos, masks = photos[split], masks[split]
        elif options.split_folders:
            photos, masks = f"{split}/{photos}", f"{split}/{masks}"
        self.photo_folder, self.mask_folder = str(photos), str(masks)
        self.prefix = f"{split}/" if by_split else ""

    def options_alone(self) -> dict[str, object]:
        options = dict(self._source.options)
        if isinstance(self._options.photos, dict):
            options["photos"] = {self._choice.split: self.photo_folder}
            options["masks"] = {self._choice.split: self.mask_folder}
        return options
