"""Which samples are meant, and under which file name a picture of one is kept.

>>> choose_ids(["6690"], ["train/0001TP_006690", "val/0001TP_006720"], "mine")
['train/0001TP_006690']
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from segdata.errors import DataError

MOST_NAMED = 5
LONGEST_NAME = 150


def choose_ids(wanted: Sequence[str], ids: Sequence[str], where: str) -> list[str]:
    """The ids that are meant: each exact, or the one id that ends with it (a file's extension does not count).

    Raises DataError for one that no id ends with (naming the nearest), or several.
    """
    return list(dict.fromkeys(_choose(text, ids, where) for text in wanted))


def _choose(text: str, ids: Sequence[str], where: str) -> str:
    stem = str(PurePosixPath(text).with_suffix("")) if PurePosixPath(text).suffix else text
    tests: tuple[Callable[[str], bool], ...] = (
        lambda id: id == text,
        lambda id: id == stem or id.rpartition(".")[0] == text,
        lambda id: id.endswith((f"/{text}", f"/{stem}")),
        lambda id: id.endswith((text, stem)),
    )
    for test in tests:
        found = [id for id in ids if test(id)] if text else []
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(
                where,
                found=f"{len(found)} samples whose id ends with {text!r}: {_listed(found)}",
                expected="one",
                fix="Give more of the id.",
            )
    close = difflib.get_close_matches(text, ids, n=MOST_NAMED, cutoff=0.5)
    known = f"did you mean {_listed(close)}?" if close else f"one of its {len(ids):,}, such as {_listed(ids)}"
    aside = "A photo that was set aside is no sample: segdata check says why it was."
    raise DataError(where, found=f"no sample {text!r}", expected=known, fix=aside)


def _listed(ids: Sequence[str]) -> str:
    more = ", …" if len(ids) > MOST_NAMED else ""
    return ", ".join(repr(id) for id in ids[:MOST_NAMED]) + more


def evenly_spaced_ids(ids: Sequence[str], most: int) -> list[str]:
    """At most `most` ids, spread over all of them, each from the middle of its stretch.

    >>> evenly_spaced_ids("abcdefghi", 3)
    ['b', 'e', 'h']
    """
    count = min(most, len(ids))
    return [ids[(2 * number + 1) * len(ids) // (2 * count)] for number in range(count)]


def file_name(id: str) -> str:
    """A name for a file in one folder, whatever the id: different ids have different names.

    >>> file_name("IMG_0001"), file_name("train/IMG 1")
    ('IMG_0001.png', 'train_IMG_1-1f54ac.png')
    """
    safe = re.sub(r"[^\w.-]+", "_", id).lstrip(".-") or "sample"
    while len(safe.encode()) > LONGEST_NAME:
        safe = safe[:-1]
    if safe != id:
        safe += f"-{hashlib.blake2b(id.encode(), digest_size=3).hexdigest()}"
    return f"{safe}.png"
