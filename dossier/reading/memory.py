"""What a process remembers between readings: where items stand, and signing keys by their hash.

Neither is trusted: a place only chooses which stream is locked, and a key only says what a signature is checked with.
The engine holds the key's hash against the actor's present one, and the place against the item's own facts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from crypto.encoding import decode_base64
from crypto.keys import key_hash
from dossier.errors import ForbiddenError
from dossier.joining import Joining
from dossier.parties.actor import Actor
from dossier.reading.store import Place, ReadingStore

LIMIT = 50_000
"""Entries of each memory; a full one is emptied."""


class Places:
    """Where items stand. All that ask while a query runs are served by the next one together."""

    def __init__(self, load: Callable[[list[bytes]], Awaitable[Mapping[bytes, Place]]]) -> None:
        self._load = load
        self._asked = Joining(load)
        self._known: dict[bytes, Place] = {}

    async def find(self, item: bytes) -> Place | None:
        """Return where an item stands as far as is known, None if there is no such item."""
        known = self._known.get(item)
        if known is None:
            known = await self._asked.find(item)
            if known is not None:
                self._keep(item, known)
        return known

    def knows(self, item: bytes) -> bool:
        """Whether `find` would answer from memory."""
        return item in self._known

    async def look(self, item: bytes) -> None:
        """Ask as for an item that is not known: so a hidden answer costs what one about nothing does."""
        await self._load([item])

    def forget(self, item: bytes) -> None:
        """Drop what is known of an item: it was found to stand elsewhere."""
        self._known.pop(item, None)

    def _keep(self, item: bytes, place: Place) -> None:
        if len(self._known) >= LIMIT:
            self._known.clear()
        self._known[item] = place


class SigningKeys:
    """Public signing keys by their hash, as the streams of persons and organisations name them."""

    def __init__(self, store: ReadingStore) -> None:
        self._store = store
        self._known: dict[tuple[bytes, str], bytes] = {}

    async def find(self, actor: Actor, wanted: str) -> bytes:
        """Return the actor's key with this hash (hex); raise ForbiddenError if their stream never named it."""
        known = self._known.get((actor.id, wanted))
        if known is not None:
            return known
        for text in await self._store.signing_keys(actor.stream, actor.id):
            public = decode_base64(text)
            if len(self._known) >= LIMIT:
                self._known.clear()
            self._known[actor.id, key_hash(public).hex()] = public
        try:
            return self._known[actor.id, wanted]
        except KeyError:
            raise ForbiddenError("the request is not signed with the signer's key", code="wrong-signer") from None
