"""Another wall clock for a process of ours: `python -m tests.faults.shifted SECONDS WORDS…` runs `detector WORDS…`.

What is shifted is what the detector could ask, `time.time` and `time.time_ns`, before anything of it is imported. The
monotonic clock goes on as it is.
"""

import importlib
import sys
import time


def shift(seconds: float) -> None:
    """Let the wall clock of this process differ by so many seconds from now on."""
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + seconds
    time.time_ns = lambda: real_ns() + round(seconds * 1e9)


def main() -> None:
    """Run a command of the detector under another clock."""
    shift(float(sys.argv[1]))
    sys.argv[1:] = sys.argv[2:]
    importlib.import_module("detector.__main__").main()


if __name__ == "__main__":
    main()
