"""What can go wrong with the embedded PostgreSQL."""

from __future__ import annotations


class ClusterError(Exception):
    """The embedded PostgreSQL cannot be used."""


class BinariesError(ClusterError):
    """No usable PostgreSQL programs were found, or the account may not run them."""


class ForeignClusterError(ClusterError):
    """The directory belongs to somebody else, or was made by another major version."""


class StartError(ClusterError):
    """The server did not start or stop in time; its log says why."""
