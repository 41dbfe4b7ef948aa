"""What a match lays down for the next: what was asked, who was there to be found, and what it came to.

A match by the same training, code, settings and rules takes over what it came to for records that nothing has reached
since. The frames lie beside the tables, in `_memory/<folder>`: each whole, or whole as some match before left it and
a patch beside it, with all that has changed since. Where they lie says `match/memory`, a table like others: a run that
was killed leaves in force what the one before it laid down.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql.types import BooleanType, StructField, StructType

from jobs import tables
from jobs.storage import Lake
from matching import changes
from matching.changes import Tracked, of

_IS_NOW = StructField("is_now", BooleanType())
# A patch that so many matches have added to is folded in: it is read, and written anew, by each.
_MOST_PATCHES = 10


@dataclass(frozen=True)
class Place:
    """Where a frame lies.

    Attributes:
        folder: in which it is laid down whole.
        patch: in which what has changed since lies (`changes.moved`); None where nothing has.
        patches: number of matches that added to the patch.
    """

    folder: str
    patch: str | None = None
    patches: int = 0


@dataclass(frozen=True)
class Memory:
    """Frames of tonight's match, and of the last.

    Attributes:
        lake: the warehouse.
        folder: where tonight's frames are laid down; None: in scratch, for this run alone.
        last: where those of the last match lie, by name; None where nothing is taken over.
    """

    lake: Lake
    folder: str | None = None
    last: Mapping[str, Place] | None = None
    _places: dict[str, Place] = field(init=False, default_factory=dict, compare=False, repr=False)

    def remember(self, name: str, frame: DataFrame) -> DataFrame:
        """The frame, computed once; its plan begins anew where it is laid down."""
        if self.folder is None:
            return self.lake.keep(frame)
        self._places[name] = Place(self.folder)
        return self.lake.lay_down(frame, f"{self.folder}/{name}")

    def tracked(self, name: str, key: str, those: DataFrame | None, fresh: DataFrame) -> Tracked:
        """A table of which rows of those keys are fresh, and the others what the last match left; all are, if None."""
        if those is None:
            return Tracked(self.remember(name, fresh))
        were = of(self.recall(name, key, fresh.schema), those, key)
        moved = self.lake.keep(changes.moved(fresh, were, key))
        return Tracked(self.patch(name, key, moved), moved)

    def patch(self, name: str, key: str, apart: DataFrame) -> DataFrame:
        """The last match's frame with what has changed since.

        Columns in: of `apart` those of the frame and is_now (`changes.moved`).

        Raises:
            KeyError: nothing of that name is taken over, or there is no folder of tonight.
        """
        if self.last is None or self.folder is None:
            raise KeyError(name)
        place, (whole, before) = self.last[name], self._found(name, apart.drop("is_now").schema)
        changed = apart
        if before is not None:
            changed = before.join(apart.select(key).distinct(), key, "left_anti").unionByName(apart)
        if place.patches + 1 == _MOST_PATCHES:
            return self.remember(name, _patched(whole, key, changed))
        self._places[name] = Place(place.folder, self.folder, place.patches + 1)
        return _patched(whole, key, self.lake.lay_down(changed, f"{self.folder}/{name}"))

    def recall(self, name: str, key: str, schema: StructType) -> DataFrame:
        """Columns of a frame that the last match left.

        Raises:
            KeyError: nothing of that name is taken over.
        """
        whole, changed = self._found(name, schema)
        return whole if changed is None else _patched(whole, key, changed)

    def _found(self, name: str, schema: StructType) -> tuple[DataFrame, DataFrame | None]:
        """Columns of a frame as some match left it whole, and of its patch, if there is one."""
        if self.last is None:
            raise KeyError(name)
        place = self.last[name]
        whole = self.lake.laid_down(f"{place.folder}/{name}", schema)
        if place.patch is None:
            return whole, None
        return whole, self.lake.laid_down(f"{place.patch}/{name}", StructType([*schema.fields, _IS_NOW]))

    def save(self, version: str) -> None:
        """Bring tonight's frames into force for the next match by the training of this version."""
        rows = [(each.folder, name, version, each.patch, each.patches) for name, each in self._places.items()]
        self.lake.write(tables.MEMORY, self.lake.spark.createDataFrame(rows, tables.MEMORY.schema))

    def clear_others(self) -> None:
        """Remove what counts no more, once the run that laid these frames down has finished."""
        if self.folder is not None:
            self.lake.clear_memories(_folders(self._places.values()))


def _patched(whole: DataFrame, key: str, changed: DataFrame) -> DataFrame:
    now = changed.where("is_now").select(*whole.columns)
    return whole.join(changed.select(key).distinct(), key, "left_anti").select(*whole.columns).unionByName(now)


def _folders(places: Iterable[Place]) -> set[str]:
    return {folder for each in places for folder in (each.folder, each.patch) if folder is not None}


def of_night(lake: Lake, version: str | None, business_date: dt.date, *, leaves: bool = True) -> Memory:
    """The memory of a night's match, once what a run that was killed laid down is cleared away.

    Args:
        lake: the warehouse, as the last finished run left it.
        version: of the training by which the night decides; None where it takes nothing over.
        business_date: the night's.
        leaves: whether anything is laid down for the next match, or taken over from the last.
    """
    rows = lake.read(tables.MEMORY).collect()
    places = {row.frame: Place(row.folder, row.patch, row.patches or 0) for row in rows}
    in_force = _folders(places.values())
    lake.clear_memories(in_force)
    usable = (
        leaves
        and {row.version for row in rows} == {version}
        and all(lake.is_laid_down(f"{folder}/{name}") for name, each in places.items() for folder in _folders([each]))
    )
    # Never one that is in force, nor another night's, over which a copy of the warehouse may have been brought back;
    # and the same whatever runs were killed before this one.
    names = (f"{business_date}-{number}" for number in itertools.count())
    spare = next(folder for folder in names if folder not in in_force)
    return Memory(lake, spare if leaves else None, places if usable else None)
