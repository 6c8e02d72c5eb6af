"""Unpacks compressed record batches within a bound: eight kilobytes of zstd may stand for 256 megabytes.

aiokafka unpacks a batch whole before anything of it can be looked at, so that one such batch would end every worker
that reads it, at every start.
"""

import gzip
import io
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

import cramjam
from aiokafka import codec
from aiokafka.record import default_records

LARGEST: Final = 16 << 20
"""Bytes of a batch once it is unpacked: sixteen times what an in-topic takes of one as it is stored, and as much as is
held in memory of a topic-partition at all."""

_XERIAL_HEADER: Final = 16
_XERIAL_MAGIC: Final = b"\x82SNAPPY\0"
_LENGTH: Final = struct.Struct("!i")


class NotUnpackedError(Exception):
    """A batch is larger than `LARGEST` once it is unpacked, or no such thing."""


def unpack_within_bounds() -> None:
    """Let aiokafka unpack by these functions from now on, in the whole process."""
    own = {"gzip_decode": _gzip, "snappy_decode": _snappy, "lz4_decode": _lz4, "zstd_decode": _zstd}
    for module in _readers():
        for name, decode in own.items():
            setattr(module, name, decode)


def _readers() -> Iterator[ModuleType]:
    """The modules that hold aiokafka's readers of batches: in Python, and compiled."""
    yield default_records
    yield sys.modules[default_records.DefaultRecordBatch.__module__]


def _gzip(payload: Any) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(payload)) as file:
            data = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise NotUnpackedError from error
    if len(data) > LARGEST:
        raise NotUnpackedError
    return data


def _lz4(payload: Any) -> bytes:
    return _into(cramjam.lz4.decompress_into, payload)


def _zstd(payload: Any) -> bytes:
    return _into(cramjam.zstd.decompress_into, payload)


def _into(decompress: Callable[[Any, bytearray], int], payload: Any) -> bytes:
    room = bytearray(LARGEST)  # of zeros: only what is written of it takes memory
    try:
        size = decompress(bytes(payload), room)
    except cramjam.DecompressionError as error:
        raise NotUnpackedError from error
    with memoryview(room) as view:
        return bytes(view[:size])


def _snappy(payload: Any) -> bytes:
    try:
        if sum(map(cramjam.snappy.decompress_raw_len, _blocks(bytes(payload)))) > LARGEST:
            raise NotUnpackedError
        return bytes(codec.snappy_decode(payload))
    except (cramjam.DecompressionError, struct.error, ValueError) as error:
        raise NotUnpackedError from error


def _blocks(data: bytes) -> Iterator[bytes]:
    """The blocks of snappy in the framing of Java's client, or the one that there is without."""
    if not data.startswith(_XERIAL_MAGIC):
        yield data
        return
    at = _XERIAL_HEADER
    while at < len(data):
        begin = at + _LENGTH.size
        at = begin + max(0, _LENGTH.unpack_from(data, at)[0])
        yield data[begin:at]
