"""prediction.json: what the masks beside it were made with, so that a second run goes on where one stopped.

    {"format_version": 1, "pipeline": "mine", "weights": "5e1c…", "how": {"size_hw": [96, 128], …},
     "classes": [["sky", [70, 130, 180]], …], "exported": {"via": "90ab…"},
     "photos": {"IMG_0001": {"photo": "77f0…", "size_hw": [3024, 4032], "mask": "c2d1…"}}}

While a run goes on, each photo adds one line to .prediction.jsonl before its mask takes its name; the end of the run, also
by Ctrl-C, makes prediction.json of both. A mask counts as made here only while its bytes have the digest noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from segdata.atomic import only_one, replace_file
from segdata.digests import file_digest, value_digest
from segdata.errors import ConfigError
from segdata.evaluation.run import RECORD, WEIGHTS, Digests, Run
from segdata.export.via_project import Dialect
from segdata.prediction.how import How

KEPT = "prediction.json"
NOTES = ".prediction.jsonl"
LOCK = ".prediction.lock"
MASKS = "predictions"
ANOTHER = "Name another folder."


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One photo: SHA-256 of its file and of its mask's, and its upright size."""

    photo: str
    size_hw: tuple[int, int]
    mask: str


class Kept(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """prediction.json.

    weights   SHA-256 over the run's weights and its record
    exported  format → digest of what was written there: entries of photos, and the words of drafts
    """

    format_version: int = 1
    pipeline: str
    weights: str
    how: How
    classes: tuple[tuple[str, tuple[int, int, int]], ...]
    exported: dict[str, str] = {}
    photos: dict[str, Entry] = {}

    def digest_of(self, ids: Iterable[str], drafts: Dialect | None) -> str:
        """SHA-256 of what is noted of these photos, and of how drafts of them say the classes."""
        noted = {id: self.photos[id] for id in ids}
        if drafts is None:
            return value_digest(noted)
        return value_digest([noted, drafts.attribute, sorted(drafts.names.items()), drafts.canvas])


class _Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    entry: Entry


def weights_digest(run_dir: Path) -> str:
    """Of all that decides the logits: weights, model, options, normalisation."""
    return value_digest([file_digest(run_dir / name) for name in (WEIGHTS, RECORD)])


def new(name: str, digests: Digests, run: Run, how: How) -> Kept:
    """What a first run begins with; `digests` are those of what was loaded."""
    return Kept(pipeline=name, weights=value_digest(digests), how=how, classes=run.record.classes)


@contextmanager
def opened(out: Path, wanted: Kept) -> Iterator[Noted]:
    """What lies in `out` already, to be added to; written back when the block ends, however it ends.

    Raises ConfigError for a folder with anything else in it, or with predictions of other weights or options;
    SegdataError while another process is at work in it.
    """
    _check_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    with only_one(out / LOCK, str(out)):
        kept = _read(out)
        if kept is None:
            kept = wanted
        elif _key(kept) != _key(wanted):
            raise ConfigError(
                str(out),
                found=f"predictions {_difference(kept, wanted)}",
                expected="those of the same weights and options, or an empty folder",
                fix=ANOTHER,
            )
        noted = Noted(kept, out)
        noted.write()
        try:
            yield noted
        finally:
            noted.write()


class Noted:
    """prediction.json while photos are added to it."""

    def __init__(self, kept: Kept, out: Path) -> None:
        self.kept, self._out = kept, out

    def add(self, id: str, entry: Entry) -> None:
        """One photo more, whose mask is about to take its name."""
        with (self._out / NOTES).open("ab") as file:
            file.write(msgspec.json.encode(_Note(id, entry)) + b"\n")
        self.kept.photos[id] = entry

    def write(self) -> None:
        """prediction.json with all that was noted, by id."""
        self.kept.photos = dict(sorted(self.kept.photos.items()))
        with replace_file(self._out / KEPT) as temporary:
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(self.kept), indent=2) + b"\n")
        (self._out / NOTES).unlink(missing_ok=True)


def _key(kept: Kept) -> tuple[object, ...]:
    return kept.weights, kept.how, kept.classes


def _difference(kept: Kept, wanted: Kept) -> str:
    if kept.how != wanted.how:
        return f"by other options: {kept.how.line()}"
    return f"by other weights (of pipeline {kept.pipeline})"


def _check_folder(out: Path) -> None:
    found = ""
    if out.is_dir():
        names = {entry.name for entry in out.iterdir() if not entry.name.endswith(".partial")}
        found = "" if KEPT in names or names <= {LOCK} else "a folder that holds something else"
    elif out.exists() or out.is_symlink():
        found = "a file"
    if found:
        raise ConfigError(
            str(out), found=found, expected="a new or empty folder, or an earlier prediction's", fix=ANOTHER
        )


def _read(out: Path) -> Kept | None:
    path = out / KEPT
    if not path.is_file():
        return None
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except msgspec.MsgspecError as error:
        raise ConfigError(
            str(path),
            found=f"a damaged file ({error})",
            expected="one that segdata predict wrote",
            fix=ANOTHER,
        ) from error
    if kept.format_version != 1:
        raise ConfigError(str(path), found=f"format version {kept.format_version}", expected="1", fix=ANOTHER)
    for line in (out / NOTES).read_bytes().splitlines() if (out / NOTES).is_file() else []:
        try:
            noted = msgspec.json.decode(line, type=_Note)
        except msgspec.MsgspecError:
            break  # the run was killed while it wrote this line; its mask had no name yet
        kept.photos[noted.id] = noted.entry
    return kept
