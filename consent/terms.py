"""The vocabulary of a decision: frozen values only, no rules.

Ids are 32 lower-case hex digits, hashes 64, codes are catalogue codes (`consent/catalogue/*.json`), times are UTC
seconds. A period is [from, until): the instant `until` lies outside it. The empty string means "none", except where a
docstring says "no constraint". See docs/spec/decision.md.
"""

from __future__ import annotations

import msgspec

FOREVER = 2**53 - 1
"""The largest time: a period that ends here has no end, and a decision that holds until here has no known flip."""

CLOSED_CASE_ADD_SECONDS = 14 * 24 * 3600
"""How long `add` stays possible in a closed case, for closing papers."""

EMERGENCY_SECONDS = 24 * 3600
"""The longest emergency access; a later `until` is cut to this."""

VAULT = "vault"
"""The lane that is the owner's alone."""

LEASE_SECONDS = 60
"""The longest lease of a permit; a catalogue label may ask for a shorter one."""


class Period(msgspec.Struct, frozen=True):
    """The instants from `start` up to but not including `end`; empty if end <= start."""

    start: int = 0
    end: int = FOREVER

    def holds(self, now: int) -> bool:
        """Whether `now` lies inside."""
        return self.start <= now < self.end

    def next_flip(self, now: int) -> int:
        """The first instant after `now` at which `holds` changes; FOREVER if never."""
        if self.end <= self.start or now >= self.end:
            return FOREVER
        return self.start if now < self.start else self.end


ALWAYS = Period()


class Actor(msgspec.Struct, frozen=True):
    """Who asks, in one capacity. What is true of them comes from `facts.Standing`, never from here.

    `kind` is "person" or "system". A person with an empty organisation acts as a citizen (owner, representative,
    network member) and has no role; a person with an organisation is a professional in exactly one role. A system
    always has an organisation and no role. `key_hash` is the hash of the key that signed the request, empty if the
    request is unsigned (lists).
    """

    kind: str
    id: str
    organisation: str = ""
    role: str = ""
    key_hash: str = ""


class Grantee(msgspec.Struct, frozen=True):
    """Whom a rule names. `kind` decides which fields count; the others are ignored.

    | kind | counts | matches |
    |---|---|---|
    | person | person, organisation, role | that person acting for that organisation in that role |
    | role | organisation, role | any professional acting for that organisation in that role |
    | team | case, later_members | anyone who takes part in the case now, in the capacity in which they take part; |
    | | | if not later_members only those whose participation began at or before the rule's `issued` |
    | system | system, organisation | that system of that organisation |
    | network | person, case | that citizen, while taking part in the case as a network member |

    An empty field that counts: in a permit or an order it makes the rule match nobody; in a denial or an exception
    under a denial it is no constraint, so that "everybody of this organisation" can be shut out. (A permit of kind
    system may leave the organisation empty: the system id is unique.)
    """

    kind: str
    person: str = ""
    organisation: str = ""
    role: str = ""
    case: str = ""
    system: str = ""
    later_members: bool = False


class Scope(msgspec.Struct, frozen=True):
    """What a rule is about. An empty field is no constraint; the fields are joined by AND, the values in one by OR.

    - items, sections, lanes, types, sources: the item's own code or id is among them;
    - case: the item is linked to that case;
    - label_ceiling: the item's label ranks at or below it, in the catalogue that the rule names;
    - data_from, data_until: the period in which the data were made, 0 = open on that side. A permit, exception or
      order needs the item's whole data period [item.data_from, item.data_until] inside [data_from, data_until); a
      denial is met by any overlap. An item with an unknown date (0 on either side) is inside no bounded data period
      and overlaps every one.
    """

    items: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()
    lanes: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    case: str = ""
    label_ceiling: str = ""
    data_from: int = 0
    data_until: int = 0


EVERYTHING = Scope()


class ItemFacts(msgspec.Struct, frozen=True):
    """One item as it stands now: birth facts from its core, place from its last placement.

    `source` is the organisation whose system delivered it, or the id of the person who added it. `delivered` is the
    position (seq) of its first version in the dossier's stream; a correction does not move it. `subjects` are
    pseudonyms of other people whom the item names. A `quarantined` item is closed to everybody; only the owner may
    still list it. For `add`, `item` is empty and the fields describe what would be
    added, and where.
    """

    item: str
    section: str
    lane: str
    label: str
    type: str
    source: str
    data_from: int = 0
    data_until: int = 0
    delivered: int = 0
    cases: frozenset[str] = frozenset()
    quarantined: bool = False
    subjects: frozenset[str] = frozenset()


class Request(msgspec.Struct, frozen=True):
    """One question, whether this actor may do this action to this item, for this purpose, in this case's context.

    Owner, representatives and source systems need no purpose. `case` is empty, or a case whose state is among the
    facts. `reason` is a reason code given by the actor, never free text.
    """

    actor: Actor
    action: str
    item: ItemFacts
    purpose: str = ""
    case: str = ""
    reason: str = ""


class Obligations(msgspec.Struct, frozen=True):
    """What the caller must do with a permit; united over all rules that made it.

    notify: tell the owner, not before `notice_from` (0 = at once). reason_wanted: release only with a reason code in
    the request. lease_seconds: the shortest lease of all rules.
    """

    notify: bool = False
    notice_from: int = 0
    reason_wanted: bool = False
    lease_seconds: int = LEASE_SECONDS


NO_OBLIGATIONS = Obligations()
STRICT_OBLIGATIONS = Obligations(reason_wanted=True, lease_seconds=30)
"""Those of a label that the consent's catalogue does not know: as strict as the highest one."""


class Decision(msgspec.Struct, frozen=True):
    """The answer: a value, never an exception; a named tuple, for one is made at every decision.

    `reason` is a code of the reason catalogue, `step` the number (1 to 10) of the step that decided, `rules` the ids
    of the consents, denials, blocks, orders, admissions, holders (person id) or emergency uses that made it, in id
    order; `basis` is empty on a deny. Until `holds_until`, with the same request and facts, the answer is the same.
    """

    permitted: bool
    reason: str
    step: int
    rules: tuple[str, ...] = ()
    obligations: Obligations = NO_OBLIGATIONS
    holds_until: int = FOREVER
    basis: str = ""

    def __bool__(self) -> bool:
        """Whether it is a permit."""
        return self.permitted
