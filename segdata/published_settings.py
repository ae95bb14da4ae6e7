"""Whether a pipeline file still says what it said when its published figure was written into it.

    published: {value: 0.5398, settings: {source: 3f9c1be0, shards: …, model: …, train: 77a04d12, evaluate: …}, …}

A person who shortens the training to see whether all runs, and forgets about it, else reads "within ±0.08" beneath a
figure that is no check of the report's. A variant states the digests of the sections in which it differs from its base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from segdata.digests import value_digest
from segdata.pipeline import Pipeline
from segdata.published import DIGITS, SETTINGS, Setting

FREE: dict[Setting, tuple[tuple[str, ...], ...]] = {
    "source": (("root",), ("accept_leaks",)),
    "shards": (),
    "model": (("weights", "where"), ("weights", "sha256")),
    "train": (("compile",), ("channels_last",)),
    "evaluate": (("batch_size",), ("shown",)),
}
"""What a section may say otherwise: where data and weights lie and what was checked of them, and what changes no figure."""

_ABSENT = object()
_SHOWN = 3
_LONGEST = 40


def settings_of(pipeline: Pipeline) -> dict[Setting, str]:
    """Section → the first 8 hex digits of the SHA-256 of what it says, of the five sections that a figure follows from.

    It is that of the section as decoded (segdata.digests.value_digest of its mapping), without the keys of FREE and
    without those that have their default: 1e-3 is 0.001, the order of keys does not matter (that of classes does), nor
    does a key that a later segdata adds. Options of a format or a model are taken as they are written, and comments are
    no part of it.
    """
    return {section: value_digest(_of_section(pipeline, section))[:DIGITS] for section in SETTINGS}


def settings_of_training(pipeline: Pipeline) -> dict[str, Any]:
    """What a run notes of its settings, since a file may be edited after it: the sections `model` and `train`, as
    `settings_of` takes them. What the shards were made with, their own facts say (trained_settings)."""
    sections: tuple[Setting, ...] = ("model", "train")
    return {one: _of_section(pipeline, one) for one in sections}


def trained_settings(run_dir: Path) -> dict[str, Any]:
    """What a run followed from, as far as its model.json tells: sections → what they said; nothing where there is none,
    or it is damaged. Runs of an older segdata noted digests, as `settings_of` gives them. Of `source` and `shards` these are the classes and the size of the shards that it was trained on."""
    try:
        noted = msgspec.json.decode((run_dir / "model.json").read_bytes(), type=_Noted)
    except (OSError, msgspec.MsgspecError):
        return {}
    return followed_from(noted.settings, noted.classes, noted.size_hw)


def trained_on(run_dir: Path) -> str:
    """The digest of the shards that a run was trained on; "" where its model.json does not tell."""
    try:
        return msgspec.json.decode((run_dir / "model.json").read_bytes(), type=_Noted).shards
    except (OSError, msgspec.MsgspecError):
        return ""


def followed_from(
    settings: Mapping[str, Any], classes: Sequence[tuple[str, object]], size_hw: Sequence[int]
) -> dict[str, Any]:
    """`trained_settings` of what was read from a model.json; classes: (name, colour)."""
    facts: dict[str, Any] = dict(settings)
    if classes:
        facts["source"] = {"classes": [name for name, _ in classes]}
    if size_hw:
        facts["shards"] = {"size_hw": list(size_hw)}
    return facts


def other_settings(pipeline: Pipeline, trained: Mapping[str, Any]) -> tuple[Setting, ...]:
    """The sections that are not as they were published, in the file as it stands or in the run that was scored.

    trained  what the run followed from (trained_settings)
    Empty where they are, or where the file does not say how they were.
    """
    if pipeline.published is None:
        return ()
    now = settings_of(pipeline)
    return tuple(
        one
        for one, digest in pipeline.published.settings.items()
        if now[one] != digest or _differs(pipeline, trained, one)
    )


def changed_since(pipeline: Pipeline, trained: Mapping[str, Any]) -> tuple[Setting, ...]:
    """The sections model and train, where the file says something else now than when the run was trained."""
    sections: tuple[Setting, ...] = ("model", "train")
    return tuple(one for one in sections if _differs(pipeline, trained, one))


def with_keys(pipeline: Pipeline, trained: Mapping[str, Any], sections: Iterable[Setting]) -> list[str]:
    """Sections for messages, with the keys in which the run and the file as it stands differ, where the run noted them:

    train (epochs 40 when it was trained, 2 in the file)
    """
    told = []
    for section in sections:
        noted = trained.get(section)
        keys = [] if noted is None or _is_digest(noted) else differences(noted, _now(pipeline, section))
        texts = [
            f"{key} {before} when it was trained, {now} in the file" for key, before, now in keys[:_SHOWN]
        ]
        texts += [f"{len(keys) - _SHOWN} more"] if len(keys) > _SHOWN else []
        told.append(f"{section} ({'; '.join(texts)})" if texts else section)
    return told


def differences(before: object, now: object, key: str = "") -> list[tuple[str, str, str]]:
    """The keys in which two statements differ: (dotted key, what it was, what it is), in the order of the keys.

    The two texts of a key differ, however long its values: of long lists they tell what went and what came.
    """
    outer, inner = ({} if one is _ABSENT else one for one in (before, now))
    if before == now:
        return []
    if not isinstance(outer, dict) or not isinstance(inner, dict):
        return [(key, *_two_texts(before, now))]
    prefix = f"{key}." if key else ""
    return [
        found
        for one in sorted({*outer, *inner})
        for found in differences(outer.get(one, _ABSENT), inner.get(one, _ABSENT), f"{prefix}{one}")
    ]


class _Noted(msgspec.Struct):
    settings: dict[str, Any] = {}
    classes: tuple[tuple[str, Any], ...] = ()
    size_hw: tuple[int, ...] = ()
    shards: str = ""


def _of_section(pipeline: Pipeline, section: Setting) -> dict[str, Any]:
    its = stated(getattr(pipeline, section))
    assert isinstance(its, dict)
    for *outer, last in FREE[section]:
        inner = its
        for key in outer:
            inner = found if isinstance(found := inner.get(key), dict) else {}
        inner.pop(last, None)
    return its


def _differs(pipeline: Pipeline, trained: Mapping[str, Any], section: Setting) -> bool:
    """Whether a run followed from another section than the file's as it stands; False where it noted nothing of it."""
    if section not in trained:
        return False
    noted = trained[section]
    if _is_digest(noted):
        return bool(noted != settings_of(pipeline)[section])
    return value_digest(noted) != value_digest(_now(pipeline, section))


def _is_digest(noted: object) -> bool:
    """Whether a run of an older segdata noted no more of a section than its digest."""
    return isinstance(noted, str)


def _now(pipeline: Pipeline, section: Setting) -> dict[str, Any]:
    """What the file says, in the form of `trained_settings`."""
    if section == "source":
        return {"classes": list(pipeline.source.build_ontology().names)}
    if section == "shards":
        return {"size_hw": list(pipeline.shards.size_hw)}
    return _of_section(pipeline, section)


def _two_texts(before: object, now: object) -> tuple[str, str]:
    """Two values that differ, in short texts that differ, too.

    Of long lists they name what went and what came (with "wire", without it); else they may begin where the values differ.
    """
    was, value = _text(before), _text(now)
    if max(len(was), len(value)) <= _LONGEST:
        return was, value
    pair = _short(was), _short(value)
    if isinstance(before, list) and isinstance(now, list):
        gone, new = [one for one in before if one not in now], [one for one in now if one not in before]
        it = "it" if len(gone or new) == 1 else "them"
        if gone and new:
            pair = f"with {_some(gone)}", f"with {_some(new)}"
        elif gone:
            pair = f"with {_some(gone)}", f"without {it}"
        elif new:
            pair = f"without {_some(new)}", f"with {it}"
    if pair[0] != pair[1]:
        return pair
    at = next((n for n, (one, other) in enumerate(zip(was, value, strict=False)) if one != other), 0)
    start = max(at - _LONGEST // 2, 0)
    return f"…{_short(was[start:])}", f"…{_short(value[start:])}"


def _some(items: Sequence[object]) -> str:
    """Entries of a list for messages, the first of many."""
    shown = [_short(_text(one)) for one in items[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else "")


def _text(value: object) -> str:
    return "not given" if value is _ABSENT else msgspec.json.encode(value).decode()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def stated(value: object) -> Any:
    """Sections as mappings of the keys that have not their default, and with their tag where they have one."""
    if isinstance(value, tuple):
        return [stated(one) for one in value]
    if isinstance(value, dict):  # a label map has numbers and names
        return {key if isinstance(key, str) else f"number {key}": stated(one) for key, one in value.items()}
    if not isinstance(value, msgspec.Struct):
        return value
    tagged = value.__struct_config__
    given: dict[str, object] = {tagged.tag_field: tagged.tag} if tagged.tag_field else {}
    for field in msgspec.structs.fields(type(value)):
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        its = getattr(value, field.name)
        if default is msgspec.NODEFAULT or its != default:
            in_order = field.name == "ontology" and isinstance(its, dict)  # that of the ids
            given[field.encode_name] = list(its.items()) if in_order else stated(its)
    return given
