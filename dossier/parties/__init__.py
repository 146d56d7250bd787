"""Parties: who takes part, for whom they act, and how their keys are known.

Persons and systems act; organisations stand in the register, have members and attest the keys of those who act for
them. What others may rely on is an event in the stream of the party concerned.
"""

from __future__ import annotations

from dossier.parties.actor import STEP_UP_SECONDS, Actor, Assurance

__all__ = ["STEP_UP_SECONDS", "Actor", "Assurance"]
