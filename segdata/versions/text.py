"""A difference in a few lines, for the terminal.

sample-via: HEAD~1 (1a2b3c4, 2026-11-20, one more street) → working tree
  photos         48 → 49: 1 added, 0 removed, 0 moved, 1 re-annotated, 0 photos changed; 47 as they were
  added          street (train)
  re-annotated   IMG_0004 (train): 1,204 of 12,288 pixels
  pixels         1,003 road → sidewalk; 201 ignore → road
  class shares   train: road 31.2 → 30.1 %, sidewalk 4.0 → 5.1 %
"""

from __future__ import annotations

from collections.abc import Sequence

from segdata.versions.changes import ClassShare, Difference, Reannotated
from segdata.wording import counted

MOST_LISTED = 8
SMALLEST_DRIFT = 0.0005
"""A class's share that moved by less is not worth a line of the summary; the page and the JSON show all."""


def summary_lines(name: str, difference: Difference) -> list[str]:
    """The summary, line by line."""
    old, new = difference.before, difference.after
    lines = [f"{name}: {old.label} → {new.label}"]
    if difference.is_empty:
        lines.append(f"  no difference: {counted(difference.unchanged, 'photo')} as before")
    else:
        counts = (
            f"{sum(old.photos.values()):,} → {sum(new.photos.values()):,}: {len(difference.added):,} added, "
            f"{len(difference.removed):,} removed, {len(difference.moved):,} moved, "
            f"{len(difference.reannotated):,} re-annotated, {counted(len(difference.photo_changed), 'photo')} changed; "
            f"{difference.unchanged:,} as they were"
        )
        facts = [("photos", counts), *(("note", note) for note in difference.notes)]
        facts += [
            ("added", listed([f"{one.id} ({one.split})" for one in difference.added], ", ")),
            ("removed", listed([f"{one.id} ({one.split})" for one in difference.removed], ", ")),
            ("moved", listed([f"{one.name} ({one.before} → {one.after})" for one in difference.moved], ", ")),
            ("re-annotated", listed([_reannotated(one) for one in difference.reannotated], "; ")),
            ("photo changed", listed([f"{one.id} ({one.split})" for one in difference.photo_changed], ", ")),
            ("pixels", listed([f"{n:,} {old} → {new}" for old, new, n in difference.pairs()], "; ")),
            ("class shares", _drift(difference.class_shares)),
        ]
        lines += [f"  {fact:<14} {said}" for fact, said in facts if said]
    if difference.without_effect:
        same = listed(difference.without_effect, ", ")
        said = counted(len(difference.without_effect), "edited annotation")
        lines.append(f"  {said} gave the same mask: {same}")
    return lines


def listed(texts: Sequence[str], separator: str) -> str:
    """The first eight, and how many more there are."""
    more = f"{separator}and {len(texts) - MOST_LISTED:,} more" if len(texts) > MOST_LISTED else ""
    return separator.join(texts[:MOST_LISTED]) + more


def percent_change(share: ClassShare) -> str:
    """ "31.2 → 30.1 %", "– → 5.0 %" for a class or split that was not there."""
    before, after = ("–" if value is None else f"{100 * value:.1f}" for value in (share.before, share.after))
    return f"{before} → {after} %"


def _reannotated(one: Reannotated) -> str:
    return f"{one.id} ({one.split})" + (
        "" if one.pixels is None else f": {one.pixels:,} of {counted(one.of, 'pixel')}"
    )


def _drift(shares: Sequence[ClassShare]) -> str:
    """The largest changes, split by split."""
    large = sorted(shares, key=lambda share: -round(abs(share.change), 6))[:MOST_LISTED]
    kept = [share for share in large if abs(share.change) >= SMALLEST_DRIFT]
    said = []
    for split in dict.fromkeys(share.split for share in shares):
        inside = [f"{one.name} {percent_change(one)}" for one in kept if one.split == split]
        said += [f"{split}: {', '.join(inside)}"] if inside else []
    return "; ".join(said)
