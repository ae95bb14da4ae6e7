"""Ask every format what it sees in a folder, and read the headers of its photos.

>>> found = inspect_folder(Path("data/raw/mine"))
>>> found.survey.format, found.headers.sizes, found.headers.turns
('via', {(480, 640): 46, (640, 480): 2}, {6: 3, 8: 2})
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from segdata.errors import ConfigError, DataError, MissingExtraError, SegdataError, nearest
from segdata.file_names import lying
from segdata.findings import Finding
from segdata.formats import format_names, survey_folder
from segdata.inspection.beside import photos_unread, splits_unread
from segdata.photo import Photo
from segdata.survey import Survey, evenly_spaced
from segdata.wording import counted

MOST_HEADERS = 1000
"""Of more photos than this, so many headers are read, evenly spaced over the sorted names."""

LEFT_OUT = "not in the proposal: annotate them, and put them into the folder of a split"

_RANK = {"certain": 0, "likely": 1, "possible": 2}


@dataclass(frozen=True)
class Headers:
    """What photo headers say.

    looked_at  headers read
    sizes      upright (height, width), pixels → photos, the commonest first
    turns      EXIF orientation 2…8 → photos; those that lie as shown (1) are not in it
    findings   headers that could not be read, or are out of the ordinary
    """

    looked_at: int
    sizes: Mapping[tuple[int, int], int]
    turns: Mapping[int, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Inspection:
    """One folder as the surest format sees it.

    survey  what that format sees; None when no format knows the folder
    others  what further formats see, the surest first
    failed  format → why it could not look
    unread  folder of a split → images in it, where that format reads photos of other such folders and none of this one
    lossy   those of them whose masks are JPEGs → what is said of these
    spare   folder of photos beside those of splits → images in it, of which the format reads none
    inside  folder → what a format sees in it that knows more of its masks than that they are masks
    """

    root: Path
    survey: Survey | None
    headers: Headers
    others: tuple[Survey, ...]
    failed: Mapping[str, str]
    unread: Mapping[str, int] = field(default_factory=dict)
    spare: Mapping[str, int] = field(default_factory=dict)
    inside: Mapping[str, Survey] = field(default_factory=dict)
    lossy: Mapping[str, str] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was doubtful about annotations, folders and photos."""
        message = "{}, none of which goes with an annotation that can be read{}"
        action = "not in the proposal: mend its annotations, and inspect again"
        folders = (
            Finding("split-unread", name, "", message.format(counted(images, "image"), why), action, "error")
            for name, images in self.unread.items()
            for why in [f": {self.lossy[name]}" if name in self.lossy else ""]
        )
        spare = (
            Finding(
                "not-annotated",
                name,
                "",
                f"{counted(images, 'photo')} without annotation",
                LEFT_OUT,
                "warning",
            )
            for name, images in self.spare.items()
        )
        return (*folders, *spare, *(self.survey.findings if self.survey else ()), *self.headers.findings)


def inspect_folder(root: Path, only: str | None = None) -> Inspection:
    """Every format's view of a folder (or that of the one format `only`), and the headers of the taken one's photos.

    Raises ConfigError for an unknown format, DataError when `root` is no folder.
    """
    if not root.is_dir():
        raise DataError(
            str(root),
            found="a file" if root.exists() else "no such folder",
            expected="the folder that holds photos and annotations",
        )
    if only is not None and only not in format_names():
        raise ConfigError("--format", found=repr(only), expected=nearest(only, format_names()))
    surveys, failed = _ask(root, format_names() if only is None else (only,))
    surveys, inside = (surveys, {}) if only else _better_inside(root, surveys)
    if inside and surveys and surveys[0].certainty == "possible":
        surveys = []
    taken = surveys[0] if surveys else None
    headers = read_headers(root, taken.photos if taken else ())
    unread = splits_unread(root, taken) if taken else {}
    spare = photos_unread(root, taken) if taken else {}
    lossy = _lossy(root, unread)
    return Inspection(root, taken, headers, tuple(surveys[1:]), failed, unread, spare, inside, lossy)


def _lossy(root: Path, folders: Iterable[str]) -> dict[str, str]:
    """What plain masks say of those of these folders whose masks are JPEGs."""
    said = {}
    for folder in folders:
        surveys, _ = _ask(lying(root, folder), ("masks",))
        for finding in (finding for survey in surveys for finding in survey.findings):
            if finding.code == "lossy-mask":
                said[folder] = finding.message
    return said


def _ask(root: Path, formats: Sequence[str]) -> tuple[list[Survey], dict[str, str]]:
    """What these formats see in a folder, the surest first; and why some could not look."""
    surveys: list[Survey] = []
    failed: dict[str, str] = {}
    for name in formats:
        try:
            survey = survey_folder(name, root)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("segdata"):
                raise
            failed[name] = str(MissingExtraError.of(error.name, "matlab", f"format {name}"))
        except (SegdataError, OSError) as error:
            failed[name] = str(error)
        else:
            surveys += [] if survey is None else [survey]
    surveys.sort(key=lambda one: (_RANK[one.certainty], -one.annotated, -len(one.photos), one.format))
    return surveys, failed


def _better_inside(root: Path, surveys: Sequence[Survey]) -> tuple[list[Survey], dict[str, Survey]]:
    """The surveys without that of plain masks, where all its photos lie in a folder that another format knows."""
    kept, inside = list(surveys), dict[str, Survey]()
    others = [name for name in format_names() if name != "masks"]
    for survey in surveys:
        if survey.format != "masks" or not survey.photos:
            continue
        home = posixpath.commonpath([posixpath.dirname(name) for name in survey.photos])
        above = [path.as_posix() for path in reversed(PurePosixPath(home).parents)][1:]
        for folder in [*above, home] if home else []:
            known, _ = _ask(root / folder, others)
            if known and known[0].certainty != "possible":
                kept.remove(survey)
                inside[folder] = known[0]
                break
    return kept, inside


def read_headers(root: Path, photos: Sequence[str]) -> Headers:
    """Sizes and EXIF turns of at most MOST_HEADERS photos; reads no pixel."""
    sizes: Counter[tuple[int, int]] = Counter()
    turns: Counter[int] = Counter()
    findings: list[Finding] = []
    names = evenly_spaced(photos, MOST_HEADERS)
    for name in names:
        try:
            photo = Photo.open(lying(root, name), name)
        except DataError as error:
            message = f"found {error.found}; expected {error.expected}"
            findings.append(Finding("unreadable", name, "", message, "left out of the counts", "error"))
            continue
        sizes[photo.upright_hw] += 1
        findings += photo.findings
        if photo.orientation != 1:
            turns[photo.orientation] += 1
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return Headers(len(names), dict(ordered), dict(sorted(turns.items())), tuple(findings))


def formats_of_subfolders(root: Path, only: str | None = None, most: int = 20) -> dict[str, str]:
    """Folder below, at most two down → the format that knows it, for a folder that no format knows: people point too high."""
    seen: dict[str, str] = {}
    near = _folders(root, most)
    far = [folder for above in near for folder in _folders(above, most)]
    for folder in [*near, *far][: 2 * most]:
        name = folder.relative_to(root).as_posix()
        if posixpath.dirname(name) in seen:
            continue
        surveys, _ = _ask(folder, format_names() if only is None else (only,))
        surveys, inside = (surveys, {}) if only else _better_inside(folder, surveys)
        if surveys and surveys[0].certainty != "possible":
            seen[name] = surveys[0].format
        else:
            seen |= {f"{name}/{below}": survey.format for below, survey in inside.items()}
    return seen


def _folders(root: Path, most: int) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")[:most]
    except OSError:
        return []
