"""The partition of a bare event is the one on which Kafka's own clients put its key."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import murmur2

from detector.codec import partition_of


@given(st.binary(max_size=300), st.integers(1, 1_000))
def test_a_key_has_the_same_partition_in_both_client_libraries(key: bytes, partitions: int) -> None:
    place = partition_of(key, partitions)
    assert place == DefaultPartitioner()(key, list(range(partitions)), [])
    assert place == (murmur2(key) & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize(
    ("key", "signed"),
    [  # the vectors of Apache Kafka's own test of murmur2 (UtilsTest), as 32-bit signed integers
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_a_key_has_the_partition_of_the_java_client(key: bytes, signed: int) -> None:
    for partitions in (1, 4, 24, 997):
        assert partition_of(key, partitions) == (signed & 0x7FFFFFFF) % partitions
