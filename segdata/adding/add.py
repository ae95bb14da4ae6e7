"""Adds photos and their annotations to a source: gather, merge, check the newcomers alone, commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from segdata.adding.changes import Bad, Choice, Content, Merge, Newcomer
from segdata.adding.check import check
from segdata.adding.copies import near_leaks
from segdata.adding.effects import stale, update_pointer
from segdata.adding.newcomers import gather
from segdata.adding.removed import removed_folder
from segdata.adding.stores import OpenSet
from segdata.adding.transaction import commit, keep_copy, one_at_a_time, unfinished
from segdata.errors import ConfigError, SegdataError
from segdata.findings import Finding
from segdata.formats._parts.photo_files import composed, is_photo, without_extension
from segdata.grouping import group, needs_list
from segdata.project import Project


@dataclass(frozen=True)
class Added:
    """What came of it.

    done       whether it was put in; False: refused, or only tried
    photos     places of the photos that are new, relative to the root
    annotated  places of photos whose annotation was taken
    there      photos that were there already, byte for byte
    bare       new photos without annotation
    bad        what was refused, or set aside
    said       what else was done or left out, in words
    effects    what is stale now
    """

    done: bool
    photos: tuple[str, ...] = ()
    annotated: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    bad: tuple[Bad, ...] = ()
    said: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    effects: tuple[str, ...] = ()


def add(
    project: Project,
    name: str,
    photos: Sequence[Path],
    annotations: Path | None = None,
    choice: Choice | None = None,
    *,
    skip_bad: bool = False,
    dry_run: bool = False,
) -> Added:
    """Put photos and annotations into the source of a pipeline, all of it or nothing.

    With neither, an add or remove that was interrupted is completed, or taken back.

    skip_bad  take the rest where some cannot be taken
    dry_run   change not a byte
    Raises ConfigError where a choice lacks, DataError for a file that cannot be read at all.
    """
    opened = OpenSet.open(project, name)
    choice = choice or Choice()
    if not photos and annotations is None:
        if dry_run or not unfinished(opened.source.root):
            raise ConfigError("segdata add", found="neither photos nor --annotations", expected="what to add")
        with one_at_a_time(project, opened.source.root) as recovered:
            effects = update_pointer(project, opened.source.root)
            return Added(True, said=(recovered or "",), effects=tuple(effects))
    if dry_run:
        return _look_first(project, opened, photos, annotations, choice, skip_bad)
    with one_at_a_time(project, opened.source.root) as recovered:
        opened = OpenSet.open(project, name)
        plan = _Plan.make(project, opened, photos, annotations, choice, skip_bad)
        said = ((recovered,) if recovered else ()) + plan.said
        if plan.bad and not skip_bad:
            return Added(False, bad=plan.bad, said=said, findings=plan.findings)
        files, digests = plan.files()
        root = opened.source.root
        if not files:
            return plan.outcome(False, said, tuple(update_pointer(project, root)) if recovered else ())
        moves: dict[str, str] = {}
        if plan.merge.replaced:
            folder = removed_folder(project, root)
            for old in plan.merge.replaced:
                if old in files:
                    keep_copy(root / old, project.root / folder / old)
                else:
                    moves[old] = f"{folder}/{old}"
            said += tuple(f"{old}: the old one is kept in {folder}" for old in plan.merge.replaced)
        commit(project, root, "add", files, digests=digests, read=plan.merge.read, moves=moves)
        said += _grouped(project, opened)
        effects = [*update_pointer(project, root), *plan.stale(project, choice)]
        return plan.outcome(True, said, tuple(effects))


def _grouped(project: Project, opened: OpenSet) -> tuple[str, ...]:
    """Extend the list of groups where the splits go by one; what became of it, in words."""
    if not needs_list(opened.pipeline.source.splits):
        return ()
    grouped = group(project, opened.name)
    return (f"{len(grouped.new)} new ones in the list of groups", *(one.line() for one in grouped.conflicts))


def _look_first(
    project: Project,
    opened: OpenSet,
    photos: Sequence[Path],
    annotations: Path | None,
    choice: Choice,
    skip_bad: bool,
) -> Added:
    if unfinished(opened.source.root):
        raise SegdataError(
            opened.pipeline.source.root,
            found="a change that was interrupted",
            expected="none",
            fix="Run segdata add or segdata remove without --dry-run: it completes that one first.",
        )
    plan = _Plan.make(project, opened, photos, annotations, choice, skip_bad)
    if plan.bad and not skip_bad:
        return Added(False, bad=plan.bad, said=plan.said, findings=plan.findings)
    return plan.outcome(False, plan.said, tuple(plan.stale(project, choice)))


@dataclass(frozen=True)
class _Plan:
    """What would be put in."""

    opened: OpenSet
    newcomers: tuple[Newcomer, ...]
    merge: Merge
    bad: tuple[Bad, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def make(
        cls,
        project: Project,
        opened: OpenSet,
        photos: Sequence[Path],
        annotations: Path | None,
        choice: Choice,
        skip_bad: bool,
    ) -> _Plan:
        store = opened.store(choice)
        newcomers, bad = gather(opened, store, photos, choice)
        given = {one.name: str(one.path) for one in newcomers}
        while True:
            merge = store.merge(newcomers, annotations)
            checked = check(opened, newcomers, merge)
            worse = checked.bad
            conflicts = [replace(one, name=given.get(one.name, one.name)) for one in merge.bad]
            fresh = [one for one in [*conflicts, *worse] if one not in bad]
            bad += fresh
            out = {one.photo for one in fresh if one.photo}
            left = [one for one in newcomers if one.name not in out]
            if not skip_bad or len(left) == len(newcomers):
                still = {one.photo for one in worse} & (merge.annotated.keys() - {one.name for one in left})
                if skip_bad and still:
                    raise ConfigError(
                        "--annotations",
                        found=f"an annotation of {min(still)}, a photo that is there, which cannot be read",
                        expected="annotations that can",
                        fix=next(one.line() for one in worse if one.photo == min(still)),
                    )
                break
            newcomers = left
        strange = _strangers(annotations, newcomers, merge, bad)
        near = near_leaks(project, opened, choice, newcomers, checked.looks)
        findings = dict.fromkeys([*strange, *near, *checked.findings])
        return cls(opened, tuple(newcomers), merge, tuple(bad), tuple(findings))

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.merge.strangers.values(), *self.merge.said]))

    def files(self) -> tuple[dict[str, Content], dict[str, str]]:
        """What to write, photos first and annotations last; and the digests that photos must have."""
        fresh = {one.name: one for one in self.newcomers if not one.is_there}
        files: dict[str, Content] = {name: one.path for name, one in fresh.items()}
        return files | self.merge.files, {name: one.digest for name, one in fresh.items()}

    def stale(self, project: Project, choice: Choice) -> list[str]:
        ids = {one.id for one in self.newcomers if not one.is_there}
        new = set(self.merge.ids.values()) & ids
        if self.opened.source.unannotated != "skip":
            new = ids
        added = (
            dict.fromkeys(sorted(new), None)
            if choice.split is None
            else dict.fromkeys(sorted(new), choice.split)
        )
        changed = set(self.merge.ids.values()) - ids
        return stale(project, self.opened.source.root, added, changed, ())

    def outcome(self, done: bool, said: tuple[str, ...], effects: tuple[str, ...]) -> Added:
        fresh = tuple(one.name for one in self.newcomers if not one.is_there)
        return Added(
            done,
            photos=fresh,
            annotated=tuple(sorted(self.merge.annotated)),
            there=tuple(one.name for one in self.newcomers if one.is_there),
            bare=tuple(name for name in fresh if name not in self.merge.annotated),
            bad=self.bad,
            said=said,
            findings=self.findings,
            effects=effects,
        )


def _strangers(
    annotations: Path | None, newcomers: Sequence[Newcomer], merge: Merge, bad: Sequence[Bad]
) -> list[Finding]:
    """A warning where no annotation is about the photos; those of photos that were refused are no strangers."""
    refused = {_stem(name) for one in bad for name in (one.name, one.photo)}
    one_mask = annotations is not None and is_photo(annotations.name) and bool(refused) and not newcomers
    for name in [name for name in merge.strangers if one_mask or _stem(name) in refused]:
        del merge.strangers[name]
    bare = [one for one in newcomers if not one.is_there]
    if annotations is None or not bare or merge.annotated or not merge.strangers:
        return []
    first, photo = next(iter(merge.strangers)), bare[0].given
    message = f"no entry is about these photos: the first names {first!r}, the first photo is {photo!r}"
    return [Finding("no-entry", str(annotations), "", message, "left out", "warning")]


def _stem(name: str) -> str:
    """A photo's name as annotations may call it."""
    return without_extension(PurePosixPath(composed(name)).name).removesuffix("_leftImg8bit")
