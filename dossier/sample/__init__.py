"""A small invented world to try the service with: people, organisations, cases and their records.

Nobody in it exists, and no number in it can belong to anybody; README.md beside this file says how they were chosen.
"""

from __future__ import annotations

from dossier.sample.loading import load_world
from dossier.sample.world import (
    Agency,
    Attachment,
    CasePlan,
    DossierPlan,
    OwnerRef,
    ParticipantPlan,
    Persona,
    Professional,
    Record,
    System,
    Text,
    World,
)

__all__ = [
    "Agency",
    "Attachment",
    "CasePlan",
    "DossierPlan",
    "OwnerRef",
    "ParticipantPlan",
    "Persona",
    "Professional",
    "Record",
    "System",
    "Text",
    "World",
    "load_world",
]
