"""Remove the embedded PostgreSQL of a data directory with all its data, also what lies outside the directory.

`make clean` runs it before the installation itself goes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dossier.embedded import Cluster, ClusterError
from dossier.embedded.binaries import remove_copy


def main(folder: str) -> int:
    """Destroy the cluster of this data directory; 1 if another process uses it or it cannot be opened."""
    try:
        cluster = Cluster(Path(folder))
        cluster.start()
        cluster.destroy()
        remove_copy()
    except ClusterError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
