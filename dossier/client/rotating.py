"""New epochs, as a full holder's client makes them: everything that waits, in steps of which each stands by itself.

First the dossier's own keys with a new epoch of every section, in one request; then sections that wait for themselves;
then deliveries that came while a key waited are sealed to the new one. Stopped between two steps, the next run goes on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from consent.terms import VAULT
from crypto.capsules import Capsule
from crypto.chains import SectionKey
from crypto.dossierkeys import DossierKeys
from crypto.encoding import BUCKET_SIZE, decode_base64, encode_base64, new_id, sha256
from crypto.sections import SectionPlace, seal_placed, wrap_section
from crypto.statements import Statement, parse_statement
from dossier.client.epochs import Epochs, Seen
from dossier.client.errors import RefusedError
from dossier.client.governing import holder_chain
from dossier.client.groups import People
from dossier.client.making import holder_capsule, next_authority, next_dossier_key
from dossier.client.opened import OpenedItem
from dossier.client.owner import Owner

Tell = Callable[[str], None]

OVERTAKEN = frozenset({"left-out", "not-standing", "stale-position"})
"""Refusals of a step that was right when the dossier was looked at: somebody may read since, or may no longer."""

TRIES = 3


@dataclass
class Rotation:
    """What a run did. `sections` are (section, lane, epoch); `left` what still waits, as the service says it.

    `resealed` counts deliveries under the new keys, `proposed` those that wait for a second signature, `unread` those
    that do not open, or that no signed statement puts where they are shown. `skipped` are grantees (hex) who must be
    served later.
    """

    sequence: int = -1
    sections: list[tuple[str, str, int]] = field(default_factory=list)
    resealed: int = 0
    proposed: int = 0
    unread: int = 0
    skipped: set[str] = field(default_factory=set)
    left: list[Mapping[str, Any]] = field(default_factory=list)


def rotate(
    owner: Owner, dossier: bytes, people: People, *, anew: bool = False, tell: Tell = lambda _: None
) -> Rotation:
    """Complete all that waits, as one who holds the dossier in full; with `anew` a new dossier key in any case.

    `tell` hears of each step. A step that a consent or its end overtook is done again by a new look. Raise PinError,
    SignatureError for what does not verify, RefusedError; a ConflictError of another holder's client who was first comes
    as RefusedError with status 409: then look again.
    """
    run = Run(owner, dossier, people, tell)
    if anew or any(each["key"] == "dossier-key" for each in run.seen.shown["rotations"]):
        run.step(run.succeed)
    for each in run.sections():
        run.step(partial(run.rotate_section, each["section"], each["lane"]))
    run.reseal()
    run.done.left = run.seen.shown["rotations"]
    return run.done


class Run:
    """One run: what was seen last, and what was done so far."""

    def __init__(self, owner: Owner, dossier: bytes, people: People, tell: Tell) -> None:
        self.owner, self.dossier, self.people, self.tell = owner, dossier, people, tell
        self.done = Rotation()
        self.look()

    def look(self) -> None:
        """See everything as it is now."""
        self.seen = Seen.now(self.owner, self.people, self.dossier)

    def step(self, do: Callable[[], None]) -> None:
        """Do one step, again by a new look while who may read changes between the look and the act."""
        for left in reversed(range(TRIES)):
            try:
                do()
            except RefusedError as refused:
                if refused.code not in OVERTAKEN or not left:
                    raise
                self.look()
            else:
                return

    def sections(self) -> list[Mapping[str, Any]]:
        """The sections that wait and are this holder's to rotate."""
        waiting = [each for each in self.seen.shown["rotations"] if each["key"] == "section-key"]
        return [each for each in waiting if self.seen.owns or each["lane"] != VAULT]

    def succeed(self) -> None:
        """Make the next dossier key with all that belongs to it, and send it as one."""
        self.tell("a new dossier key")
        now, held = self.owner.session.now(), self.seen.held
        keys = DossierKeys(secrets.token_bytes(32), secrets.token_bytes(32))
        key = next_dossier_key(held.chain.statements[-1], held.keys.signing_seed, keys, self._stream_key_hash(), now)
        signer = self.owner.identity
        listed = next_authority(self.seen.by.newest, self.seen.by.entries, signer, keys.signing_seed, held.after, now)
        sequence = int(key.payload["sequence"])
        epochs = Epochs(self.seen, keys, listed)
        body = {
            "statement": encode_base64(key.envelope),
            "capsules": [encode_base64(each.encode()) for each in self._holders(listed, keys, sequence)],
            "succession": {
                "authority": encode_base64(listed.envelope),
                "wraps": [self._wrap(keys.root, place) for place in self._places()],
                "rotations": [epochs.body(each) for each in self._current()],
            },
        }
        self.owner.session.post(f"/v1/dossiers/{self.dossier.hex()}/statements", body)
        self.done.sequence = sequence
        self._finished(epochs)

    def rotate_section(self, section: str, lane: str) -> None:
        """Begin a new epoch of one section and lane."""
        self.tell(f"a new key for {section}, {lane}")
        epochs = Epochs(self.seen, self.seen.held.keys, self.seen.by.newest)
        body = epochs.body(self.seen.held.current(section, lane))
        self.owner.session.post(f"/v1/dossiers/{self.dossier.hex()}/rotations", body)
        self._finished(epochs)

    def reseal(self) -> None:
        """Seal deliveries that came while a key waited to the key that stands: one signed placement each."""
        waiting = set(self.seen.shown["waiting"])
        if not waiting:
            return
        self.tell(f"what came meanwhile is sealed again: {len(waiting)}")
        for item in list(self.owner.items(self.seen.held)):
            if isinstance(item, OpenedItem) and item.item in waiting and self.owner.stands(self.seen.held, item):
                waiting.remove(item.item)
                state = self._place(item)
                self.done.resealed += state == "accepted"
                self.done.proposed += state != "accepted"
        self.done.unread = len(waiting)
        self.look()

    def _place(self, item: OpenedItem) -> str:
        """Place an item where it stands, under the newest key; return what became of the statement."""
        shown, target = item.shown, self.seen.held.current(item.shown["section"], item.shown["lane"])
        sealed = seal_placed(item.item_key, target.place, item.header, target.public_key)
        before = parse_statement(decode_base64(shown["standsBy"])).hash.hex() if shown["standsBy"] else ""
        payload = {
            "placement": new_id(self.dossier[:BUCKET_SIZE]).hex(),
            "dossier": self.dossier.hex(),
            "item": item.item,
            "section": target.place.section,
            "lane": target.place.lane,
            "epoch": target.place.epoch,
            "label": shown["label"],
            "cases": sorted(shown["cases"]),
            "wrapHash": sha256(sealed).hex(),
            "previous": before,
            "after": self.owner.session.get(f"/v1/dossiers/{self.dossier.hex()}")["rules"],
        }
        body = {
            "statement": encode_base64(self.seen.sign("placement", payload).envelope),
            "sealedKey": encode_base64(sealed),
        }
        return str(self.owner.session.post(f"/v1/dossiers/{self.dossier.hex()}/statements", body)["state"])

    def _finished(self, epochs: Epochs) -> None:
        self.done.sections += epochs.made
        self.done.skipped |= epochs.skipped
        self.look()

    def _stream_key_hash(self) -> str:
        keys = self.owner.session.get(f"/v1/streams/{self.dossier.hex()}/keys")["keys"]
        return sha256(decode_base64(keys[-1]["key"])).hex()

    def _holders(self, listed: Statement, keys: DossierKeys, sequence: int) -> list[Capsule]:
        full = {each["person"]: each for each in self.seen.by.entries if each["full"]}
        chains = [holder_chain(self.owner, each) for each in full.values()]
        return [holder_capsule(listed, each.person, each.sealing_key, self.dossier, keys, sequence) for each in chains]

    def _places(self) -> list[SectionPlace]:
        """Every section, lane and epoch that is this holder's."""
        return [key.place for key in self.seen.held.sections.values() if self.seen.owns or key.place.lane != VAULT]

    def _current(self) -> list[SectionKey]:
        where = sorted({(place.section, place.lane) for place in self._places()})
        return [self.seen.held.current(*each) for each in where]

    def _wrap(self, root: bytes, place: SectionPlace) -> dict[str, Any]:
        wrapped = wrap_section(root, self.seen.held.secret(place), place)
        where = {"section": place.section, "lane": place.lane, "epoch": place.epoch}
        return {**where, "wrapped": encode_base64(wrapped)}
