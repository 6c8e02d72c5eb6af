"""`python -m detector.docs [--check]`."""

import sys

from detector.docs.generate import main

sys.exit(main(sys.argv[1:]))
