"""Pieces fetched ahead come in order, whole, and not too many at once."""

from __future__ import annotations

import threading

import pytest

from dossier.client.ahead import WAITING, ahead
from dossier.client.errors import UnreachableError


def test_all_come_in_order():
    """What is taken is what was drawn."""
    with ahead(iter(range(100))) as pieces:
        assert list(pieces) == list(range(100))
    with ahead([]) as pieces:
        assert list(pieces) == []


def test_an_error_comes_after_what_was_drawn_before_it():
    """What goes wrong in drawing is raised where the pieces are taken, and never looks like their end."""

    def drawn():
        yield 1
        raise UnreachableError("away")

    with ahead(drawn()) as pieces:
        assert next(pieces) == 1
        with pytest.raises(UnreachableError):
            next(pieces)


def test_few_are_drawn_ahead():
    """No more are drawn than may wait, beside the one in hand; those that nobody takes are not drawn at all."""
    drawn = []

    def drawing():
        for number in range(100):
            drawn.append(number)
            yield number

    with ahead(drawing()) as pieces:
        for _ in range(3):
            next(pieces)
    assert len(drawn) <= 3 + WAITING + 1


def test_nothing_is_drawn_after_leaving():
    """When it is left in the middle, the thread has ended: what it drew from belongs to the caller again."""
    before = threading.active_count()

    def interrupted():
        with ahead(iter(range(100))) as pieces:
            next(pieces)
            raise OSError

    with pytest.raises(OSError):
        interrupted()
    assert threading.active_count() == before
