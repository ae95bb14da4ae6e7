"""What an interrupted conversion had already made, so that the next one goes on instead of starting over.

    .segdata/unfinished/convert/<name>/<digest of task and metadata>.json     the result of one finished shard

A shard file lies under its content's name before its note is written; a note counts only while its file is there.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from segdata.atomic import replace_scratch
from segdata.conversion.plan import ShardResult, ShardTask
from segdata.digests import file_digest, value_digest
from segdata.shards.schema import SetMetadata


@dataclass(frozen=True)
class Journal:
    """Notes of finished shards in a folder that is not versioned."""

    folder: Path
    metadata: SetMetadata
    """What shard files are written with: a note of another compression, say, is another one."""

    def _note(self, task: ShardTask) -> Path:
        return self.folder / f"{value_digest([task, self.metadata])}.json"

    def note(self, task: ShardTask, result: ShardResult) -> None:
        """Remember a finished shard. One with set-aside samples is not kept: what was wrong may be mended."""
        if result.shard is not None and len(result.rows) == len(task.samples):
            with replace_scratch(self._note(task)) as temporary:
                temporary.write_bytes(msgspec.json.encode(result))

    def recall(self, task: ShardTask, shards_dir: Path) -> ShardResult | None:
        """The result of this very task, if its shard lies there whole."""
        try:
            result = msgspec.json.decode(self._note(task).read_bytes(), type=ShardResult)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None
        if result.shard is None or len(result.rows) != len(task.samples):
            return None
        path = shards_dir / result.shard.name
        if not path.is_file() or file_digest(path) != result.shard.digest:
            return None
        return msgspec.structs.replace(result, converted=0, reused=len(result.rows))

    def clear(self) -> None:
        """Forget everything: the manifest lies, and says it all."""
        shutil.rmtree(self.folder, ignore_errors=True)
