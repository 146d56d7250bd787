"""The running application for whole stories; the same parts as the tests of `web` use."""

from __future__ import annotations

from tests.web.conftest import app, personas, settings

__all__ = ["app", "personas", "settings"]
