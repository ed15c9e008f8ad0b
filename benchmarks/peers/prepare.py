"""Prepare the corpus that all peers read, to run one of them by hand.

python benchmarks/peers/prepare.py $DATA/multi30k out/data 4000
"""

import json
import sys
from pathlib import Path

from regard.bench.data import prepare


def main(where: str, out: str, vocab: str = "4000") -> None:
    """Write the folder, and print what is in it."""
    print(json.dumps(prepare(Path(where), Path(out), int(vocab)), indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
