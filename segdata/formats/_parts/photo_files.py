"""Which files lie in a folder, by their relative names: what readers pair annotations with.

{"IMG_0001.jpg": …/photos/IMG_0001.jpg, "roll 2/IMG_0001.JPG": …/photos/roll 2/IMG_0001.JPG}
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from segdata.digest_cache import remembered_digest
from segdata.errors import DataError
from segdata.findings import Finding

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".mpo")


def is_photo(name: str) -> bool:
    """By its extension; opens nothing."""
    return name.lower().endswith(PHOTO_SUFFIXES)


def list_files(folder: Path, root: Path, findings: list[Finding]) -> dict[str, Path]:
    """The files of `list_paths`, as Path objects."""
    return {name: Path(path) for name, path in list_paths(folder, root, findings).items()}


def list_paths(folder: Path, root: Path, findings: list[Finding]) -> dict[str, str]:
    """Every file below a folder, by its path relative to it with forward slashes, sorted.

    Names are composed (Unicode NFC), as macOS stores decomposed ones. Hidden files and folders are left out. So are
    names that are no UTF-8, and folders that are symbolic links, as they may lead out of `root`: each adds one to
    `findings`. Raises DataError for a folder that cannot be read, and for two files of one composed name.
    """
    files: dict[str, str] = {}
    folders = [(str(folder), "")]
    while folders:
        place, start = folders.pop()
        for entry in _entries(place, root):
            name = composed(start + entry.name)
            if not _is_utf8(entry.name):
                message = "the name is not UTF-8: rename it in UTF-8"
                findings.append(
                    Finding("file-name", _shown(entry.path, root), "", message, "set aside", "error")
                )
            elif entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, f"{start}{entry.name}/"))
            elif entry.is_symlink() and os.path.isdir(entry.path):
                message = "a link to a folder, which is not entered: put the folder itself here"
                findings.append(
                    Finding("linked-folder", _shown(entry.path, root), "", message, "set aside", "warning")
                )
            elif name in files:
                raise DataError(
                    f"{_shown(files[name], root)!a} and {_shown(entry.path, root)!a}",
                    found=f"two files of the name {name!r} (accents or slashes written in two ways)",
                    expected="one",
                    fix="Rename or remove one.",
                )
            else:
                files[name] = entry.path
    return dict(sorted(files.items()))


def _entries(folder: str, root: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((one for one in entries if one.name[0] != "."), key=lambda one: one.name)
    except OSError as error:
        raise DataError(
            _shown(folder, root),
            found=f"a folder that cannot be read ({error.strerror})",
            expected="a readable folder",
            fix="Allow reading it, or move it elsewhere.",
        ) from error


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str, root: Path) -> str:
    """Relative to the root, bytes that are no UTF-8 as \\xe9."""
    return os.fsencode(Path(path).relative_to(root).as_posix()).decode(errors="backslashreplace")


def composed(name: str) -> str:
    """The name in Unicode NFC, with forward slashes."""
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def without_extension(name: str) -> str:
    """ "roll 2/IMG_0001.jpg" → "roll 2/IMG_0001"."""
    stem, dot, extension = name.rpartition(".")
    return stem if dot and "/" not in extension and stem.rpartition("/")[2].strip(".") else name


def digest_of(path: Path | str, name: str) -> str:
    """SHA-256 of a listed file. Raises DataError when it went away since, or may not be read."""
    try:
        return remembered_digest(path)
    except OSError as error:
        raise DataError(name, found=f"no readable file ({error.strerror})", expected="a file") from error
