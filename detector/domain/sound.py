"""Whether stored bytes are what their key says; what is not is put aside, so that it costs its own account only.

The cheap look that every start takes at every account: at a hot block's measures, which must agree with its length, and
at the first bytes of a record. A record that begins well and goes on badly is found out when it is thawed.
"""

from itertools import pairwise
from typing import Final

from detector.domain import features, layout, watched
from detector.domain.layout import DAYS, LENGTH, STARTS, VERSION, WEEKS, read_starts
from detector.domain.versions import looks_readable, newer, newer_major

_VERSIONS: Final = range(1, 16)  # a byte beyond is no version that will ever be
_WIDTHS: Final = (1, 2, 4)
_ID: Final = 8


def block_is_sound(block: bytes) -> bool:
    """Whether this can be worked on as a hot block. Raises StateError for one of a later version."""
    if len(block) < layout.OLD_HEADER or block[0] not in _VERSIONS:
        return False
    if block[0] > VERSION:
        if layout.HEADER.size <= block[LENGTH] <= len(block):
            raise newer("a stored hot block", block[0], VERSION)
        return False
    days, weeks, length = block[layout.DAY_WIDTH], block[layout.WEEK_WIDTH], block[LENGTH]
    if days not in _WIDTHS or weeks not in _WIDTHS:
        return False
    ids = length + DAYS * days + WEEKS * weeks
    if block[0] == 1:
        rest = len(block) - ids - _ID * block[layout.OLD_IDS]
        return length == layout.OLD_HEADER and rest >= 0 and rest % layout.OLD_ENTRY == 0
    if length < layout.HEADER.size or len(block) < ids:
        return False
    starts = (*read_starts(block, STARTS), len(block))
    sizes = (_ID, layout.ENTRY, features.ENTRY_BYTES, features.NEWCOMER_BYTES, watched.size_of(block))
    lengths = [end - begin for begin, end in pairwise(starts)]
    return starts[0] == ids and all(of >= 0 and of % size == 0 for of, size in zip(lengths, sizes, strict=True))


def record_is_sound(data: bytes) -> bool:
    """Whether this begins as an account record does. Raises StateError for one of a later major version."""
    if looks_readable(data):
        return True
    major = newer_major(data)
    if major is not None:
        raise newer("a stored record", major)
    return False


def account_is_sound(block: bytes | None, record: bytes | None) -> bool:
    """Whether both parts of an account, as far as they are there, look as they must. Raises StateError as above."""
    sound = block is None or block_is_sound(block)
    return (record is None or record_is_sound(record)) and sound
