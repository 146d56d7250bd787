"""The class of our applications: Litestar, less what no part of the service uses."""

from __future__ import annotations

from litestar import Litestar
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin


class Application(Litestar):
    """Litestar without its plugins for Pydantic, which it loads wherever that is installed.

    No value of ours is Pydantic's (it comes with SQLModel, for the tables), and loading it takes 9 MB of every process.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]
