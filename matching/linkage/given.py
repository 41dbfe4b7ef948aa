"""What the engine is given: records ready to be linked, and what the user decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import DataFrame

from matching.linkage import repeated
from matching.linkage.comparison import Wish
from matching.linkage.records import known, standardised
from matching.linkage.repeated import Repetition
from matching.linkage.trained import Trained

Keep = Callable[[DataFrame], DataFrame]

# Pairs that are few for any machine.
LEAST_PAIRS = 4e6


@dataclass(frozen=True)
class Options:
    """What the user decides.

    Attributes:
        link: pairs only between the two inputs.
        blocking_rules: expressions of columns, comma-separated, whose equality proposes a pair; None: the engine
            chooses.
        wishes: column → what is wanted of its comparison.
        cap: records of a block above which it is split.
        pairs_a_record: pairs that may be compared, for each record.
        least_pairs: pairs that may be compared however few records there are.
        sample: records of an input, about, on which rules are chosen.
        seed: which records the sample holds.
    """

    link: bool
    blocking_rules: Sequence[str] | None = None
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    cap: int = 200
    pairs_a_record: float = 15.0
    least_pairs: float = LEAST_PAIRS
    sample: int = 50_000
    seed: int = 1


@dataclass(frozen=True)
class Input:
    """Records ready to be linked.

    Attributes:
        records: as `standardise` leaves them.
        columns: column → kind.
        repetitions: columns that repeat others; they are compared by what they say beyond them.
        counts: number of records of each input.
        link: pairs only between the two inputs.
    """

    records: DataFrame
    columns: Mapping[str, str]
    repetitions: Sequence[Repetition]
    counts: tuple[int, ...]
    link: bool

    @property
    def repeats(self) -> dict[str, list[str]]:
        """Column → the columns that it repeats."""
        names = list(self.columns)
        return {names[each.whole]: [names[p] for p in each.parts] for each in self.repetitions}

    @property
    def possible(self) -> float:
        """Number of pairs, at least one."""
        if self.link:
            return float(self.counts[0] * self.counts[1])
        return max(self.counts[0] * (self.counts[0] - 1) / 2, 1.0)

    def possible_with(self, asked: Sequence[int]) -> float:
        """Number of pairs with a record that is asked for, of so many of each input, at least one."""
        others = [count - of for count, of in zip(self.counts, asked, strict=True)]
        return max(self.possible - (others[0] * others[-1] if self.link else others[0] * (others[0] - 1) / 2), 1.0)


def standardise(
    rows: DataFrame, columns: Mapping[str, str], keep: Keep, frozen: Trained | None = None
) -> tuple[DataFrame, Sequence[Repetition]]:
    """`records.standardised`, kept, every column without what others say already; and which columns repeat which.

    What says that nothing is known is null (`records.known`).
    """
    told = known(rows, columns)
    found = repeated.repetitions(told, columns) if frozen is None else frozen.repetitions
    return keep(standardised(repeated.said_once(told, found), columns)), found
