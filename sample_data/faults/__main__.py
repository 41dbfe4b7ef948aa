"""Prints the table of the README in this folder: every fault, and what must be done about it."""

from __future__ import annotations

from sample_data.faults import FAULTS


def as_table() -> str:
    """A row a fault, in the order of `FAULTS`."""
    head = "| fault | what is wrong | dimension | severity | answer | rules, or words of the reason |"
    rows = [
        f"| `{fault.name}` | {fault.sentence} | {fault.dimension} | {fault.severity} | {fault.answer} "
        f"| {', '.join(f'`{rule}`' for rule in fault.rules)} |"
        for fault in FAULTS.values()
    ]
    return "\n".join((head, "| --- | --- | --- | --- | --- | --- |", *rows))


if __name__ == "__main__":
    print(as_table())
