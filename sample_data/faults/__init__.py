"""Faults to train and test with: a second night on which one source delivers something wrong.

`FAULTS` names each with the dimension, severity, answer and rules that must show it. `write_next_night` writes it: the
source delivers all its rows anew, a few of them freshly updated, with the fault; the others have nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping

from sample_data.faults import one_source
from sample_data.faults.any_source import of_addresses, of_any_source, of_codes, of_holders
from sample_data.faults.fault import Fault
from sample_data.faults.night import write_faulty, write_next_night

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        *one_source.RESIDENTS,
        *one_source.TAXPAYERS,
        *one_source.DECLARATIONS,
        *one_source.BANK_ACCOUNTS,
        *one_source.BANK_INFLOWS,
        *one_source.TELECOM,
        *one_source.SELLERS,
        *one_source.SALES,
        *of_holders(),
        *of_codes(),
        *of_addresses(),
        *of_any_source(),
    )
}

__all__ = ["FAULTS", "Fault", "write_faulty", "write_next_night"]
