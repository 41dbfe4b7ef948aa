"""Whether a night will find room on the disk, as far as that can be foreseen."""

from __future__ import annotations

import datetime as dt

from jobs import landing
from jobs.errors import UserError
from jobs.storage import Files, memories, scratch

# A first night leaves nearly four times what it was given (bronze, silver, gold, what the next match compares with) and
# lays down half as much again while it works.
_TIMES = 6
# A later one writes every table anew of which a row has changed, and every tenth all that its match compares with: four
# times as much as that of the last.
_TIMES_MEMORY = 4
GIB = 2**30


def needed(files: Files, root: str, landing_zone: str, after: dt.date | None, until: dt.date) -> int:
    """Bytes that a night on the deliveries dated after the last finished one is likely to write."""
    fresh = [
        path for date, path in landing.folders(files, landing_zone) if (not after or date > after) and date <= until
    ]
    if not fresh:
        return 0
    return _TIMES * sum(files.size(path) for path in fresh) + _TIMES_MEMORY * files.size(memories(root))


def check(files: Files, root: str, landing_zone: str, after: dt.date | None, until: dt.date) -> None:
    """Refuse a night that would run out of disk.

    Raises:
        UserError: the warehouse has less room than the night needs.
    """
    # What a run that was killed has laid down for itself is the first thing that the next one removes.
    free = files.free(root) + files.size(scratch(root))
    wanted = needed(files, root, landing_zone, after, until)
    if free < wanted:
        raise UserError(
            f"warehouse {root}: {free / GIB:,.1f} GiB free, a night on these deliveries needs about "
            f"{wanted / GIB:,.1f}; make room (ct18 maintain removes what no night needs any more)"
        )
