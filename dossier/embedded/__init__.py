"""A PostgreSQL server of one's own in a data directory: for the demo, tests and small trials, never for production.

It is only process and file handling; connecting is the business of `dossier.database`. POSIX systems only.
"""

from dossier.embedded.cluster import Cluster
from dossier.embedded.errors import BinariesError, ClusterError, ForeignClusterError, StartError

__all__ = ["BinariesError", "Cluster", "ClusterError", "ForeignClusterError", "StartError"]
