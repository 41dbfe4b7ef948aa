"""What a fault is: something wrong in what one source delivers, and what must be done about it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sample_data.deliver import AFTER_MIDNIGHT
from sample_data.faults import spoiling, tampering
from sample_data.faults.spoiling import Spoil
from sample_data.faults.tampering import Tamper

# refused, held: the whole delivery is not taken (contract §1). hold: the gate holds its picture. quarantine: bad rows
# are set aside. warn: it is taken, and what rests on it is marked.
Answer = Literal["refused", "held", "hold", "quarantine", "warn"]

SEVERITY: Mapping[Answer, str] = {
    "refused": "contract",
    "held": "contract",
    "quarantine": "contract",
    "hold": "critical",
    "warn": "warning",
}


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        source: who delivers it.
        kind: what it is called among the faults of the source.
        sentence: what went wrong, for people.
        dimension: `dung`, `du`, `sach` or `song`.
        answer: what must be done about it.
        rules: codes of the rules that must be broken; where none judges it, words of the reason that must be given.
        spoil: what it does to the rows.
        tamper: what it does to the files.
        produced_after: time from the start of the business date to when the delivery is produced.
        touched: whether some rows are freshly updated, as on any day.
    """

    source: str
    kind: str
    sentence: str
    dimension: str
    answer: Answer
    rules: tuple[str, ...]
    spoil: Spoil = spoiling.unchanged
    tamper: Tamper = tampering.untouched
    produced_after: datetime.timedelta = AFTER_MIDNIGHT
    touched: bool = True

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"{self.source}-{self.kind}"

    @property
    def severity(self) -> str:
        """`warning` or `critical`, of a rule of the gate; `contract` where the contract asks for it."""
        return SEVERITY[self.answer]
