"""The fault harness: what the detector promises, shown on a real Kafka under kills, outages, zombies and bad input.

`python -m tests.faults` (`make faults`) runs a round of each promise and prints a table. A promise is a file of its
own, `p07_duplicates.py`, with a constant PROMISE: see `promise.py` for what that is and `stage.py` for what its `play`
is handed. `smoke=True` puts it into `make test` as well, with a load as small as is honest.
"""
