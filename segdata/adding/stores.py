"""The store of a source, by its format: segdata/adding/<format>.py, or a word about what to do instead."""

from __future__ import annotations

import contextlib
import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from segdata.adding.changes import Choice, Store
from segdata.conversion.sources import open_source
from segdata.errors import ConfigError
from segdata.formats import OpenSource, format_file
from segdata.pipeline import SPLITS, Pipeline
from segdata.project import Project

_INSTEAD = {
    "cvat": "Add the photos to the task in CVAT and export the set again over the old file; then dvc repro.",
}


@dataclass(frozen=True)
class OpenSet:
    """A pipeline's source, opened to be changed."""

    name: str
    pipeline: Pipeline
    source: OpenSource

    @classmethod
    def open(cls, project: Project, name: str) -> OpenSet:
        """Raises ConfigError for a wrong pipeline file or a root outside the project, DataError for an absent root."""
        pipeline = project.pipeline(name)
        where = f"pipelines/{name}.yaml"
        format_file(pipeline.source.format, where)
        root = Path(os.path.normpath(project.root / pipeline.source.root))
        if not root.is_relative_to(project.root) or root == project.root:
            raise ConfigError(
                where, place="source.root", found=pipeline.source.root, expected="a folder inside the project"
            )
        return cls(name, pipeline, open_source(pipeline.source, root, where))

    def store(self, choice: Choice) -> Store:
        """Raises ConfigError for a format whose files segdata does not write."""
        format = self.pipeline.source.format
        path = Path(__file__).with_name(f"{format}.py")
        if not path.is_file():
            raise ConfigError(
                self.source.where,
                place="source.format",
                found=f"{format}, to which segdata cannot add",
                expected="cityscapes, coco, labelme, masks, matlab with label PNGs, via or voc",
                fix=_INSTEAD.get(format, "Add to it in the tool that wrote it; then dvc repro."),
            )
        module = importlib.import_module(f"{__package__}.{format}")
        return cast(Store, module.Store(self.source, choice))

    def stores(self) -> list[tuple[Choice, Store]]:
        """The one store of the source, or that of each split or file where one must be chosen."""
        try:
            return [(Choice(), self.store(Choice()))]
        except ConfigError as error:
            failed = error
        said = self.source.options.get("annotations")
        files = said if isinstance(said, list) else []
        stores = []
        for choice in [*(Choice(split=split) for split in SPLITS), *(Choice(file=file) for file in files)]:
            with contextlib.suppress(ConfigError):
                stores.append((choice, self.store(choice)))
        if not stores:
            raise failed
        return stores
