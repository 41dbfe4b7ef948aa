"""What a match lays down for the next: what was asked, who was there to be found, and what it came to.

A match by the same training, code, settings and rules takes over what it came to for records that nothing has touched
since (`matching.candidates.touched`). The frames lie beside the tables, in `_memory/<folder>`. Which folder counts says
`match/memory`, a table like others: a run that was killed leaves in force what the one before it laid down.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from jobs import tables
from jobs.storage import Lake

_FOLDERS = ("0", "1")


@dataclass(frozen=True)
class Memory:
    """Frames of tonight's match, and of the last.

    Attributes:
        lake: the warehouse.
        folder: where tonight's frames are laid down; None: in scratch, for this run alone.
        last: where those of the last match lie; None where nothing is taken over.
    """

    lake: Lake
    folder: str | None = None
    last: str | None = None
    _names: list[str] = field(init=False, default_factory=list, compare=False, repr=False)

    def remember(self, name: str, frame: DataFrame) -> DataFrame:
        """The frame, computed once; its plan begins anew where it is laid down."""
        if self.folder is None:
            return self.lake.keep(frame)
        self._names.append(name)
        return self.lake.lay_down(frame, f"{self.folder}/{name}")

    def recall(self, name: str, schema: StructType) -> DataFrame | None:
        """Columns of a frame that the last match laid down; None where nothing is taken over."""
        return None if self.last is None else self.lake.laid_down(f"{self.last}/{name}", schema)

    def save(self, version: str) -> None:
        """Bring tonight's frames into force for the next match by the training of this version."""
        rows = [(self.folder, name, version) for name in self._names]
        self.lake.write(tables.MEMORY, self.lake.spark.createDataFrame(rows, tables.MEMORY.schema))

    def clear_others(self) -> None:
        """Remove what matches before laid down, once the run that laid these frames down has finished."""
        if self.folder is not None:
            self.lake.clear_memories({self.folder})


def of_night(lake: Lake, version: str | None) -> Memory:
    """The memory of a night's match, once what a run that was killed laid down is cleared away.

    Args:
        lake: the warehouse, as the last finished run left it.
        version: of the training by which the night decides; None where it takes nothing over.
    """
    rows = lake.read(tables.MEMORY).collect()
    in_force = {row.folder for row in rows}
    lake.clear_memories(in_force)
    usable = {row.version for row in rows} == {version} and all(
        lake.is_laid_down(f"{row.folder}/{row.frame}") for row in rows
    )
    # Never the one that is in force; and the same whatever runs were killed before this one.
    spare = next(folder for folder in _FOLDERS if folder not in in_force)
    return Memory(lake, spare, rows[0].folder if usable else None)
