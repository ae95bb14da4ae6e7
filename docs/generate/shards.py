"""Pieces of the page on shards that the code says: columns, metadata, version."""

from __future__ import annotations

import inspect

import msgspec

from generate.docstrings import cell, code, fence, meanings, table
from segdata.ontology import Label, Ontology
from segdata.project import Project
from segdata.shards import boundaries
from segdata.shards.schema import (
    FORMAT_VERSION,
    MANIFEST_FIELDS,
    SampleRow,
    SetMetadata,
    ShardEntry,
    shard_schema,
)


def parts(project: Project) -> dict[str, str]:
    """Name of a piece → Markdown."""
    return {
        "format-version": f"This is version {FORMAT_VERSION}.",
        "shard-columns": _shard_columns(),
        "manifest-columns": _manifest_columns(),
        "set-metadata": _keys(SetMetadata),
        "shard-entry": _keys(ShardEntry),
        "boundaries": fence(
            "\n\n".join(
                inspect.getsource(one)
                for one in (boundaries.id_hash, boundaries.group_into_shards, boundaries._cut)
            ),
            "python",
        ),
        "target-rows": fence(inspect.getsource(boundaries.target_rows), "python"),
        "most-rows": f"{boundaries.MAXIMUM_TO_TARGET} × target",
    }


def _shard_columns() -> str:
    metadata = SetMetadata.of(Ontology("own", (Label("road", (128, 64, 128)),)), (480, 640), "area", "via")
    schema = shard_schema(metadata)
    said = {
        "id": "name of the sample, unique in the set",
        "image": "the photo: height, width, RGB",
        "mask": "class ids; 255 is ignore",
    }
    shapes = {
        "id": "utf8",
        "image": "arrow.fixed_shape_tensor, uint8, [H, W, 3]",
        "mask": "arrow.fixed_shape_tensor, uint8, [H, W]",
    }
    assert set(said) == set(schema.names), "the columns of a shard changed: say here what they hold"
    return table(
        ("column", "type", "what"), [(code(name), shapes[name], said[name]) for name in schema.names]
    )


def _manifest_columns() -> str:
    explained = meanings(SampleRow.__doc__)
    return table(
        ("column", "Arrow type", "what"),
        [(code(field.name), code(field.type), cell(explained[field.name])) for field in MANIFEST_FIELDS],
    )


def _keys(struct: type[msgspec.Struct]) -> str:
    explained = meanings(struct.__doc__)
    return table(
        ("key", "what"), [(code(name), cell(explained[name])) for name in struct.__struct_encode_fields__]
    )
