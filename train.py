"""Trains a BEGAN: `python train.py --conditioning noise --data DIR`."""

import sys

from tfbegan.cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
