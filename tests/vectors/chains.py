"""Vectors of key chains, the register, attestations and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crypto.dossierkeys import inbox_key
from crypto.keys import SealingKey, SigningKey
from crypto.register import RegisterKeys
from crypto.statements import Statement, cosign, sign
from tests.vectors.frozen import b64, fixed, vector

NOW = 1_800_000_000
PERSON, ORGANISATION, DOSSIER = (fixed(name, 16).hex() for name in ("person", "organisation", "dossier"))
KEYS = [SigningKey.from_seed(fixed(f"chain key {n}")) for n in range(3)]
SEALING = [SealingKey.from_seed(fixed(f"chain sealing {n}")) for n in range(3)]
REGISTER_SIGNERS = [SigningKey.from_seed(fixed(f"register key {n}")) for n in range(3)]
REGISTER = RegisterKeys(tuple(key.public for key in REGISTER_SIGNERS), 2)
ORGANISATION_KEY = SigningKey.from_seed(fixed("organisation key"))
DIRECTORY = SigningKey.from_seed(fixed("directory key"))


def make() -> None:
    """Make the vectors of this module."""
    _key_chains()
    _dossier_chains()
    _section_chains()
    _register()
    _attestations()
    _system_attestations()
    _addresses()


def envelopes(statements: Sequence[Statement]) -> list[str]:
    """Spell statements for a vector."""
    return [b64(statement.envelope) for statement in statements]


def person_statement(at: int, previous: str, by: SigningKey, **changes: Any) -> Statement:
    """Sign one statement of the person's key chain."""
    payload = {
        "person": PERSON,
        "organisation": ORGANISATION,
        "sequence": at,
        "previous": previous,
        "signingKey": b64(KEYS[at].public),
        "sealingKey": b64(SEALING[at].public),
        "streamKeyHash": fixed("stream key hash").hex(),
        "signer": PERSON,
        "issuedAt": NOW + at,
    }
    return sign("key-chain", payload | changes, by)


def person_chain(length: int = 3) -> list[Statement]:
    """Sign the person's whole key chain."""
    chain = [person_statement(0, "", KEYS[0])]
    for at in range(1, length):
        chain.append(person_statement(at, chain[-1].hash.hex(), KEYS[at - 1]))
    return chain


def _key_chains() -> None:
    sound = person_chain()

    def one(name: str, expect: str, comment: str, statements: Sequence[Statement], **changes: Any) -> None:
        fields = {"person": PERSON, "organisation": ORGANISATION, "pinned": "", "statements": envelopes(statements)}
        vector("key-chain", name, expect, comment, **(fields | changes))

    head = {"head": sound[2].hash.hex(), "signingKey": b64(KEYS[2].public), "sealingKey": b64(SEALING[2].public)}
    one("valid", "success", "three keys, each signed by the one before", sound, **head)
    one("pinned", "success", "the pinned head is in the chain", sound, pinned=sound[1].hash.hex(), **head)
    first = {"head": sound[0].hash.hex(), "signingKey": b64(KEYS[0].public), "sealingKey": b64(SEALING[0].public)}
    one("one", "success", "a first statement, signed by the key it names", sound[:1], **first)
    one("pin-ahead", "pin", "the chain ends before the pinned head", sound[:1], pinned=sound[1].hash.hex())
    one("pin-elsewhere", "pin", "another chain than the pinned one", sound, pinned=fixed("other head").hex())
    one("empty", "malformed", "no statements", [])
    one("gap", "malformed", "the second statement missing", [sound[0], sound[2]])
    one("no-start", "malformed", "the first statement missing", sound[1:])
    one("order", "malformed", "two statements swapped", [sound[1], sound[0], sound[2]])
    one("other-person", "malformed", "another person's", sound, person=fixed("other person", 16).hex())
    one("other-capacity", "malformed", "the same person elsewhere", sound, organisation="")
    thief = person_statement(1, sound[0].hash.hex(), KEYS[1])
    one("new-key-signs-itself", "signature", "a new key that the old one did not sign", [sound[0], thief])
    wrong = person_statement(1, fixed("other previous").hex(), KEYS[0])
    one("other-previous", "malformed", "names another statement before it", [sound[0], wrong])
    other_signer = person_statement(0, "", KEYS[0], signer=fixed("other person", 16).hex())
    one("other-signer", "malformed", "names another signer", [other_signer])
    one("other-kind", "malformed", "statements of another kind", [dossier_statement(0, "", KEYS[0])])


def dossier_statement(at: int, previous: str, by: SigningKey) -> Statement:
    """Sign one statement of the dossier's key chain."""
    payload = {
        "dossier": DOSSIER,
        "owner": PERSON,
        "nature": "private",
        "sequence": at,
        "previous": previous,
        "key": b64(KEYS[at].public),
        "inboxKey": b64(inbox_key(fixed(f"dossier root {at}"), bytes.fromhex(DOSSIER), at).public),
        "streamKeyHash": fixed("stream key hash").hex(),
        "signer": PERSON,
        "issuedAt": NOW + at,
    }
    return sign("dossier-key", payload, by)


def dossier_chain() -> list[Statement]:
    """Sign a chain of two dossier keys."""
    first = dossier_statement(0, "", KEYS[0])
    return [first, dossier_statement(1, first.hash.hex(), KEYS[0])]


def _dossier_chains() -> None:
    sound = dossier_chain()

    def one(name: str, expect: str, comment: str, statements: Sequence[Statement], **changes: Any) -> None:
        fields = {"dossier": DOSSIER, "pinned": "", "statements": envelopes(statements)}
        vector("dossier-chain", name, expect, comment, **(fields | changes))

    inbox = sound[1].payload["inboxKey"]
    one(
        "valid",
        "success",
        "two keys",
        sound,
        head=sound[1].hash.hex(),
        keys=[b64(key.public) for key in KEYS[:2]],
        inboxKey=inbox,
    )
    one("other-dossier", "malformed", "another dossier's", sound, dossier=fixed("other dossier", 16).hex())
    one("pin-elsewhere", "pin", "another chain than the pinned one", sound, pinned=fixed("other head").hex())
    thief = dossier_statement(1, sound[0].hash.hex(), KEYS[1])
    one("new-key-signs-itself", "signature", "a new key that the old one did not sign", [sound[0], thief])


def section_statement(epoch: int, previous: str, by: SigningKey, **changes: Any) -> Statement:
    """Sign one section-key statement."""
    payload = {
        "dossier": DOSSIER,
        "section": "debts",
        "lane": "ordinary",
        "epoch": epoch,
        "previous": previous,
        "publicKey": b64(SEALING[epoch].public),
        "signer": PERSON,
        "issuedAt": NOW,
    }
    return sign("section-key", payload | changes, by)


def section_chain() -> list[Statement]:
    """Sign two epochs of one section key, by the first and the second dossier key."""
    first = section_statement(0, "", KEYS[0])
    return [first, section_statement(1, first.hash.hex(), KEYS[1])]


def _section_chains() -> None:
    sound, chain = section_chain(), dossier_chain()

    def one(name: str, expect: str, comment: str, statements: Sequence[Statement], **changes: Any) -> None:
        fields = {"dossier": DOSSIER, "chain": envelopes(chain), "statements": envelopes(statements)}
        vector("section-chain", name, expect, comment, **(fields | changes))

    one("valid", "success", "two epochs", sound, publicKeys=[b64(key.public) for key in SEALING[:2]], signedBy=[0, 1])
    one("no-statements", "malformed", "no epoch", [])
    one("gap", "malformed", "epoch 0 missing", sound[1:])
    stranger = section_statement(1, sound[0].hash.hex(), KEYS[2])
    one("stranger", "signature", "signed by no key of the dossier", [sound[0], stranger])
    first = section_statement(0, "", KEYS[1])
    back = [first, section_statement(1, first.hash.hex(), KEYS[0])]
    one("older-key", "signature", "a later epoch signed by an older dossier key", back)
    other_lane = section_statement(1, sound[0].hash.hex(), KEYS[1], lane="vault")
    one("other-lane", "malformed", "epochs of two lanes", [sound[0], other_lane])
    foreign = section_statement(1, sound[0].hash.hex(), KEYS[1], dossier=fixed("other dossier", 16).hex())
    one("other-dossier", "pin", "another dossier's section key", [sound[0], foreign])
    one("other-kind", "malformed", "statements of another kind", chain)


def register_entry(at: int, previous: str, signers: Sequence[SigningKey], **changes: Any) -> Statement:
    """Sign one register entry."""
    payload = {
        "sequence": at,
        "previous": previous,
        "organisation": ORGANISATION if at == 0 else fixed(f"organisation {at}", 16).hex(),
        "name": "Gemeente Voorbeeld",
        "key": b64(ORGANISATION_KEY.public),
        "from": NOW - 1_000,
        "until": NOW + 31_536_000,
        "keysHash": REGISTER.hash.hex(),
        "issuedAt": NOW - 1_000,
    }
    statement = sign("register-entry", payload | changes, signers[0])
    for signer in signers[1:]:
        statement = cosign(statement, signer)
    return statement


def register_chain() -> list[Statement]:
    """Sign a register of two entries."""
    first = register_entry(0, "", REGISTER_SIGNERS[:2])
    return [first, register_entry(1, first.hash.hex(), REGISTER_SIGNERS[1:])]


def _register() -> None:
    sound = register_chain()
    allowed = [b64(key) for key in REGISTER.keys]

    def one(name: str, expect: str, comment: str, statements: Sequence[Statement], **changes: Any) -> None:
        fields = {"keys": allowed, "threshold": 2, "statements": envelopes(statements)}
        vector("register", name, expect, comment, **(fields | changes))

    facts = {"keysHash": REGISTER.hash.hex(), "organisationKeys": [b64(ORGANISATION_KEY.public)] * 2}
    one("valid", "success", "two entries, each signed by two of three", sound, **facts)
    one(
        "key-order", "success", "the order in which keys are listed does not matter", sound, keys=allowed[::-1], **facts
    )
    one("too-few", "signature", "one signature of two", [register_entry(0, "", REGISTER_SIGNERS[:1])])
    one("twice-one-key", "signature", "two signatures by one key", [register_entry(0, "", [REGISTER_SIGNERS[0]] * 2)])
    stranger = register_entry(0, "", [REGISTER_SIGNERS[0], KEYS[0]])
    one("stranger", "signature", "a signature by another key", [stranger])
    one(
        "other-keys",
        "pin",
        "signed under other register keys than those pinned",
        sound,
        keys=[*allowed[:2], b64(KEYS[0].public)],
    )
    one("other-threshold", "pin", "another threshold than the one pinned", sound, threshold=1)
    one("gap", "malformed", "the first entry missing", sound[1:])
    one("other-kind", "malformed", "statements of another kind", person_chain(1))
    one("threshold-zero", "malformed", "a threshold of 0", sound, threshold=0)
    one("key-listed-twice", "malformed", "a register key listed twice", sound, keys=[allowed[0], *allowed])


def attestation(by: SigningKey = ORGANISATION_KEY, **changes: Any) -> Statement:
    """Sign an attestation of the person's key chain of one statement."""
    payload = {
        "organisation": ORGANISATION,
        "person": PERSON,
        "chainHead": person_chain(1)[0].hash.hex(),
        "roles": ["debt-counsellor"],
        "conflicts": [],
        "from": NOW - 100,
        "until": NOW + 86_400,
        "counter": 5,
        "signer": ORGANISATION,
        "issuedAt": NOW - 100,
    }
    return sign("person-attestation", payload | changes, by)


def _attestations() -> None:
    entry, chain = register_entry(0, "", REGISTER_SIGNERS[:2]), person_chain(1)

    def one(name: str, expect: str, comment: str, statement: Statement, **changes: Any) -> None:
        fields = {
            "register": {"keys": [b64(key) for key in REGISTER.keys], "threshold": 2, "entry": b64(entry.envelope)},
            "person": PERSON,
            "organisation": ORGANISATION,
            "chain": envelopes(chain),
            "statement": b64(statement.envelope),
            "now": NOW,
            "counter": 0,
        }
        vector("attestation", name, expect, comment, **(fields | changes))

    sound = attestation()
    one("valid", "success", "the attested chain head", sound, roles=["debt-counsellor"])
    one("same-counter", "success", "the counter seen before", sound, counter=5, roles=["debt-counsellor"])
    one("last-second", "success", "the last second", sound, now=NOW + 86_399, roles=["debt-counsellor"])
    one("other-key", "signature", "signed by another key", attestation(KEYS[0]))
    one("changed-key", "pin", "the person's chain has moved on", sound, chain=envelopes(person_chain(2)))
    one("older-counter", "pin", "a counter below the one seen", sound, counter=6)
    one("ended", "pin", "the end itself is outside", sound, now=NOW + 86_400)
    one("not-yet", "pin", "before it starts", sound, now=NOW - 101)
    one("too-long", "pin", "longer than 31 days", attestation(until=NOW - 100 + 31 * 86_400 + 1))
    one("other-person", "pin", "another person", attestation(person=fixed("other person", 16).hex()))
    one(
        "other-organisation", "pin", "another organisation", attestation(organisation=fixed("organisation 1", 16).hex())
    )
    citizen = [person_statement(0, "", KEYS[0], organisation="")]
    about = attestation(chainHead=citizen[0].hash.hex())
    one("other-capacity", "pin", "the person's chain as a citizen", about, organisation="", chain=envelopes(citizen))
    one(
        "entry-ended",
        "pin",
        "the register entry has ended",
        attestation(until=NOW + 86_400),
        register={
            "keys": [b64(key) for key in REGISTER.keys],
            "threshold": 2,
            "entry": b64(register_entry(0, "", REGISTER_SIGNERS[:2], until=NOW).envelope),
        },
    )
    one("other-kind", "malformed", "an attestation of a system", system_attestation())


def system_attestation(by: SigningKey = ORGANISATION_KEY, **changes: Any) -> Statement:
    """Sign an attestation of a system."""
    payload = {
        "organisation": ORGANISATION,
        "system": fixed("system", 16).hex(),
        "signingKey": b64(KEYS[1].public),
        "sealingKey": b64(SEALING[1].public),
        "from": NOW - 100,
        "until": NOW + 86_400,
        "counter": 5,
        "signer": ORGANISATION,
        "issuedAt": NOW - 100,
    }
    return sign("system-attestation", payload | changes, by)


def _system_attestations() -> None:
    entry = register_entry(0, "", REGISTER_SIGNERS[:2])

    def one(name: str, expect: str, comment: str, statement: Statement, **changes: Any) -> None:
        fields = {
            "register": {"keys": [b64(key) for key in REGISTER.keys], "threshold": 2, "entry": b64(entry.envelope)},
            "statement": b64(statement.envelope),
            "now": NOW,
            "counter": 0,
        }
        vector("system-attestation", name, expect, comment, **(fields | changes))

    keys = {"signingKey": b64(KEYS[1].public), "sealingKey": b64(SEALING[1].public)}
    one("valid", "success", "a system", system_attestation(), **keys)
    one("other-key", "signature", "signed by another key", system_attestation(KEYS[0]))
    one("older-counter", "pin", "a counter below the one seen", system_attestation(), counter=6)
    one("ended", "pin", "the end itself is outside", system_attestation(), now=NOW + 86_400)
    one("other-kind", "malformed", "an attestation of a person", attestation())


def _addresses() -> None:
    chain, sections = dossier_chain(), section_chain()[1:]

    def address(**changes: Any) -> Statement:
        payload = {
            "dossier": DOSSIER,
            "organisation": ORGANISATION,
            "keyHead": chain[1].hash.hex(),
            "sectionKeys": [section.hash.hex() for section in sections],
            "seq": 7,
            "until": NOW + 900,
            "signer": fixed("directory", 16).hex(),
            "issuedAt": NOW,
        }
        return sign("dossier-address", payload | changes, DIRECTORY)

    def one(name: str, expect: str, comment: str, statement: Statement, **changes: Any) -> None:
        fields = {
            "directoryKey": b64(DIRECTORY.public),
            "organisation": ORGANISATION,
            "dossier": DOSSIER,
            "chain": envelopes(chain),
            "sections": envelopes(sections),
            "statement": b64(statement.envelope),
            "now": NOW,
        }
        vector("address", name, expect, comment, **(fields | changes))

    one("valid", "success", "the current keys", address(), publicKeys=[b64(SEALING[1].public)])
    one("other-key", "signature", "another directory key", address(), directoryKey=b64(KEYS[0].public))
    one(
        "other-organisation",
        "pin",
        "given to another organisation",
        address(),
        organisation=fixed("organisation 1", 16).hex(),
    )
    one("older-chain", "pin", "an older chain than the directory names", address(), chain=envelopes(chain[:1]))
    one(
        "other-sections",
        "pin",
        "a section key that the directory does not name",
        address(),
        sections=envelopes(section_chain()),
    )
    one("ended", "pin", "sixteen minutes later", address(until=NOW + 2_000), now=NOW + 960)
    one("from-the-future", "pin", "issued an hour ahead", address(issuedAt=NOW + 3_600, until=NOW + 4_000))
    one("other-kind", "malformed", "a statement of another kind", chain[0])
