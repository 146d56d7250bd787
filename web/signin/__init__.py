"""Sign-in: people through OpenID Connect, clients and systems through our own small authorization server.

Its modules turn a request into a `dossier.parties.Actor` and know nothing of dossiers.
"""

from __future__ import annotations
