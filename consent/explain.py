"""The sentence that goes with a decision: for the owner in plain words, for the professional, for the auditor.

The words stand in the catalogue, so that the sentence shown years later is the one of that time. A sentence for the
owner or the professional names no rule ids; only the auditor's does.
"""

from __future__ import annotations

from consent.catalogue import Catalogue
from consent.errors import CatalogueError
from consent.terms import Decision

AUDIENCES = ("owner", "professional", "auditor")


def explain(
    decision: Decision, audience: str, language: str, catalogue: Catalogue, *, who: str = "", purpose: str = ""
) -> str:
    """One or two sentences. `who` is the name to show for the actor, `purpose` the code asked for.

    Raises CatalogueError when the catalogue has no sentence for this reason, audience and language.
    """
    try:
        sentence: str = catalogue.texts["outcomes"][decision.reason][audience][language]
    except KeyError as error:
        raise CatalogueError("no sentence for this outcome") from error
    values = {
        "who": who or _SOMEBODY[language],
        "purpose": catalogue.word("purposes", purpose, language) if purpose else _NO_PURPOSE[language],
        "basis": catalogue.word("bases", decision.basis, language) if decision.basis else "-",
        "step": str(decision.step),
        "rules": ", ".join(decision.rules) or "-",
    }
    filled = _filled(sentence, values)
    return filled[:1].upper() + filled[1:]


def _filled(sentence: str, values: dict[str, str]) -> str:
    """Put values in for their names in one pass, so that a name holding braces is never read as another one."""
    first, *rest = sentence.split("{")
    parts = [first]
    for part in rest:
        name, _, text = part.partition("}")
        parts.append(values[name] + text)
    return "".join(parts)


_SOMEBODY = {"nl": "deze persoon", "en": "this person"}
_NO_PURPOSE = {"nl": "een doel dat niet is genoemd", "en": "a purpose that was not named"}
