"""Files by names that annotations and pipeline files say: composed (Unicode NFC), where macOS stores accents apart.

>>> lying(Path("data/raw/mine"), "Fotos grün/Müller.json")      # there as "Fotos gru\\u0308n/Mu\\u0308ller.json"
PosixPath('data/raw/mine/Fotos grün/Müller.json')
"""

from __future__ import annotations

import os
import unicodedata
from contextlib import suppress
from pathlib import Path, PurePosixPath


def lying(root: Path, name: str) -> Path:
    """The file or folder of a relative name as it lies there: names are composed, files may not be."""
    if (root / name).exists():
        return root / name
    here = root
    for part in PurePosixPath(name).parts:
        there, wanted = here / part, _composed(part)
        if part != ".." and not there.exists():
            with suppress(OSError), os.scandir(here) as entries:
                there = next((Path(one.path) for one in entries if _composed(one.name) == wanted), there)
        here = there
    return here if here.exists() else root / name


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
