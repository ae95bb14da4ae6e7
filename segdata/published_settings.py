"""Whether a pipeline file still says what it said when its published figure was written into it.

    published: {value: 0.5398, settings: {source: 3f9c1be0, shards: …, model: …, train: 77a04d12, evaluate: …}, …}

A person who shortens the training to see whether all runs, and forgets about it, else reads "within ±0.08" beneath a
figure that is no check of the report's. A variant states the digests of the sections in which it differs from its base.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

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


def settings_of(pipeline: Pipeline) -> dict[Setting, str]:
    """Section → the first 8 hex digits of the SHA-256 of what it says, of the five sections that a figure follows from.

    It is that of the section as decoded (segdata.digests.value_digest of its mapping), without the keys of FREE and
    without those that have their default: 1e-3 is 0.001, the order of keys does not matter (that of classes does), nor
    does a key that a later segdata adds. Comments are no part of it.
    """
    digests: dict[Setting, str] = {}
    for section in SETTINGS:
        stated = _stated(getattr(pipeline, section))
        assert isinstance(stated, dict)
        for *outer, last in FREE[section]:
            inner = stated
            for key in outer:
                inner = found if isinstance(found := inner.get(key), dict) else {}
            inner.pop(last, None)
        digests[section] = value_digest(stated)[:DIGITS]
    return digests


def settings_of_training(pipeline: Pipeline) -> dict[str, str]:
    """`settings_of` without what only scoring follows from: a run notes them, since a file may be edited after it."""
    return {section: digest for section, digest in settings_of(pipeline).items() if section != "evaluate"}


def trained_settings(run_dir: Path) -> dict[str, str]:
    """What the run in a folder noted of its settings; nothing where there is none, or it is damaged or older."""
    try:
        return msgspec.json.decode((run_dir / "model.json").read_bytes(), type=_Noted).settings
    except (OSError, msgspec.MsgspecError):
        return {}


def other_settings(pipeline: Pipeline, trained: Mapping[str, str]) -> tuple[str, ...]:
    """The sections that are not as they were published, in the file as it stands or in the run that was scored.

    trained  what the run noted (trained_settings)
    Empty where they are, or where the file does not say how they were.
    """
    if pipeline.published is None:
        return ()
    now = settings_of(pipeline)
    return tuple(
        one
        for one, digest in pipeline.published.settings.items()
        if {now[one], trained.get(one, digest)} != {digest}
    )


def changed_since(pipeline: Pipeline, trained: Mapping[str, str]) -> tuple[str, ...]:
    """The sections model and train, where the file says something else now than when the run was trained."""
    now = settings_of(pipeline)
    sections: tuple[Setting, ...] = ("model", "train")
    return tuple(one for one in sections if trained.get(one, now[one]) != now[one])


class _Noted(msgspec.Struct):
    settings: dict[str, str] = {}


def _stated(value: object) -> object:
    """Sections as mappings of the keys that have not their default, and with their tag where they have one."""
    if isinstance(value, tuple):
        return [_stated(one) for one in value]
    if isinstance(value, dict):  # a label map has numbers and names
        return {key if isinstance(key, str) else f"number {key}": _stated(one) for key, one in value.items()}
    if not isinstance(value, msgspec.Struct):
        return value
    tagged = value.__struct_config__
    stated: dict[str, object] = {tagged.tag_field: tagged.tag} if tagged.tag_field else {}
    for field in msgspec.structs.fields(type(value)):
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        its = getattr(value, field.name)
        if default is msgspec.NODEFAULT or its != default:
            in_order = field.name == "ontology" and isinstance(its, dict)  # that of the ids
            stated[field.encode_name] = list(its.items()) if in_order else _stated(its)
    return stated
