"""The committed state of one partition, held in memory."""


class Store:
    """The committed state of one partition: what a read_committed reader of the changelog would hold.

    `upto` is the offset of the changelog that it covers, None when it covers nothing.
    """

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.upto: int | None = None
        self.size_bytes = 0

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set or delete a key."""
        old = self.values.get(key)
        if old is not None:
            self.size_bytes -= len(key) + len(old)
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value
            self.size_bytes += len(key) + len(value)
