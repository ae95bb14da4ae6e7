"""A pipeline file that is a small change of another: a variant is a base and what differs.

base: cityscapes-denseaspp
title: DenseASPP search, row 2, on Cityscapes
model: {options: {dilations: [3, 6, 9, 12], growth: 32, bottleneck: null}}
"""

from __future__ import annotations

from pathlib import Path

from segdata.decode import read_yaml
from segdata.errors import ConfigError, nearest


def read_values(path: Path, where: str) -> dict[str, object]:
    """The plain values of a pipeline file; a variant's are those of its base with its own put over them.

    Raises ConfigError for a file that is no mapping, and for a base that is absent or a variant itself.
    """
    value = _mapping(path, where)
    if "base" not in value:
        return value
    base = value.pop("base")
    others = [other.stem for other in path.parent.glob("*.yaml") if other != path]
    if base not in others:
        raise ConfigError(where, place="base", found=repr(base), expected=nearest(str(base), others))
    base_value = _mapping(path.with_name(f"{base}.yaml"), f"{where}: base {base}")
    if "base" in base_value:
        raise ConfigError(
            where,
            place="base",
            found=f"{base!r}, a variant of {base_value['base']!r}",
            expected="a whole pipeline",
        )
    return _over(base_value, value)


def _mapping(path: Path, where: str) -> dict[str, object]:
    value = read_yaml(path, where)
    if not isinstance(value, dict):
        raise ConfigError(
            where, found=type(value).__name__, expected="a mapping: source, shards, model, train, …"
        )
    return value


def _over(base: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    """`base` with `changes` put over it, in mappings key by key; anything else is replaced."""
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        merged[key] = _over(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged
