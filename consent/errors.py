"""Errors of the consent package: one base class, leaves named by the fact."""

from __future__ import annotations


class ConsentError(Exception):
    """Base of every error that this package raises."""


class MalformedGrantError(ConsentError):
    """A payload does not have the shape of its kind, or nests deeper than one exception level."""


class CatalogueError(ConsentError):
    """A catalogue is malformed, or the catalogue that a statement names is not known."""


class FactsError(ConsentError):
    """Fact records contradict each other: out of order, unknown kind, or a second owner."""


class NotAuthorisedError(ConsentError):
    """A statement was signed by somebody who may not sign it, or by too few."""


class TransitionError(ConsentError):
    """A lifecycle event does not apply in this state; nothing changed."""


class StaleStatementError(ConsentError):
    """A widening statement is too old, or the facts moved after its signer looked at them."""
