"""A cluster of a test's own, removed afterwards with whatever it made outside its folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dossier.embedded import Cluster, ClusterError


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data directory with mode 0700, below which no other account can reach anything."""
    with tempfile.TemporaryDirectory(prefix="eigendossier-test-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Cluster]:
    """A running cluster in that directory."""
    cluster = Cluster(folder)
    cluster.start()
    yield cluster
    with suppress(ClusterError):  # a test may have left it stopped
        cluster.start()
    cluster.destroy()
