"""Which photos were given, where each will lie, and which of them cannot: named, listed, compared; none is opened.

segdata add mine IMG_1.jpg roll7/      IMG_1.jpg → photos/IMG_1.jpg, roll7/a/IMG_2.jpg → photos/a/IMG_2.jpg
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from segdata.adding.changes import Bad, Choice, Newcomer, Store
from segdata.adding.copies import Copies, lying_in
from segdata.adding.stores import OpenSet
from segdata.digests import file_digest
from segdata.errors import ConfigError, DataError
from segdata.findings import Finding
from segdata.formats._parts.photo_files import composed, is_photo, list_files, without_extension


def check_into(into: str) -> str:
    """The folder below the photos, composed. Raises ConfigError for one that leads elsewhere."""
    into = composed(into).rstrip("/")
    if into and (
        into.startswith("/") or any(part in ("", ".", "..") or part[0] == "." for part in into.split("/"))
    ):
        raise ConfigError("--into", found=repr(into), expected="a folder below the photos: roll7")
    return into


def gather(
    opened: OpenSet, store: Store, photos: Sequence[Path], choice: Choice
) -> tuple[list[Newcomer], list[Bad]]:
    """Newcomers by place, and those that cannot be taken.

    Raises DataError for a path at which no photo and no folder of photos lies.
    """
    into = check_into(choice.into)
    lying = lying_in(opened.source, store)
    ids = {store.id_of(place): place for place in lying if is_photo(place)}
    copies = Copies(opened, choice, store, lying)
    found: dict[str, Newcomer] = {}
    bad: list[Bad] = []
    for path, given in _given(photos, bad):
        inside = _place_inside(path, lying)
        try:
            place = inside or store.photo_name(posixpath.join(into, given))
        except DataError as error:
            bad.append(
                Bad(str(path), f"found {error.found}; expected {error.expected}. {error.fix}".rstrip())
            )
            continue
        id, digest = store.id_of(place), file_digest(path)
        one = Newcomer(path, given, place, id, digest, path.stat().st_size, place in lying)
        reason = ""
        if place in found:
            if found[place].digest == digest:
                continue
            reason = (
                f"{found[place].path} has the same name, and is another photo; --into FOLDER keeps them apart"
            )
        elif place in lying:
            if file_digest(lying[place]) != digest:
                reason = f"another photo lies at {place} already; rename one, or --into FOLDER"
        elif id in ids:
            reason = f"{ids[id]} is the photo of sample {id!r} already; rename one, or --into FOLDER"
        else:
            reason = copies.refusal(one, found.values())
        if reason:
            bad.append(Bad(str(path), reason, place))
        else:
            found[place] = one
            ids[id] = place
    return [found[place] for place in sorted(found)], bad


def _given(photos: Sequence[Path], bad: list[Bad]) -> Iterator[tuple[Path, str]]:
    """Every photo with its name below the folder that was given."""
    for path in photos:
        if path.is_dir():
            findings: list[Finding] = []
            inside = {name: one for name, one in list_files(path, path, findings).items() if is_photo(name)}
            bad += [Bad(str(path / one.file), one.message) for one in findings]
            if not inside:
                raise DataError(path, found="a folder without photos", expected="photos to add")
            for name, one in inside.items():
                yield one, name
        elif not path.is_file():
            raise DataError(path, found="no such file", expected="a photo to add")
        elif not is_photo(path.name):
            raise DataError(path, found="a file that is no photo by its name", expected=".jpg, .png, .tif, …")
        else:
            try:
                path.name.encode()
            except UnicodeEncodeError:
                bad.append(Bad(ascii(path.name), "the name is not UTF-8: rename it in UTF-8"))
                continue
            if path.name[0] == ".":
                bad.append(Bad(path.name, "a hidden file, which readers leave out: rename it"))
                continue
            yield path, composed(path.name)


def _place_inside(path: Path, lying: dict[str, Path]) -> str | None:
    """The place of a photo that was given where it lies in the source already."""
    stem = without_extension(composed(path.name))
    for place, other in lying.items():
        if posixpath.basename(place).startswith(stem) and other.absolute() == path.absolute():
            return place
    return None
