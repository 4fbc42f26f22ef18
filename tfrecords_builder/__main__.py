"""`python -m tfrecords_builder` and the console script."""

import sys

from tfrecords_builder.cli import main

if __name__ == "__main__":
    sys.exit(main())
