from __future__ import annotations

import asyncio

import pytest

from audit.errors import UnavailableError
from audit.tickets import Ticket, TicketQueue
from tests.audit.town import read


def ticket(*, narrowing=False, alone=False):
    entry = read(b"s" * 16, narrowing=narrowing)
    return Ticket(entry, asyncio.get_running_loop().create_future(), alone=alone)


async def test_order():
    """Tickets come in the order of arrival, narrowing ones before all others (W3)."""
    queue, tickets = TicketQueue(), [ticket(), ticket(), ticket(narrowing=True)]
    for one in tickets:
        queue.put(one)
    assert queue.take(2) == [tickets[2], tickets[0]]
    assert len(queue) == 1


async def test_put_back():
    """What left a batch comes back in front, in its order."""
    queue, tickets = TicketQueue(), [ticket() for _ in range(3)]
    queue.put(tickets[2])
    queue.put_back(iter(tickets[:2]))
    assert queue.take(9) == tickets


async def test_alone():
    """A ticket that wants a batch of its own gets one."""
    queue, tickets = TicketQueue(), [ticket(), ticket(alone=True), ticket()]
    for one in tickets:
        queue.put(one)
    assert [queue.take(9) for _ in range(3)] == [[one] for one in tickets]


async def test_nobody_waits():
    """Tickets whose caller is gone are not taken."""
    queue, tickets = TicketQueue(), [ticket(), ticket(alone=True), ticket()]
    for one in tickets:
        queue.put(one)
    tickets[0].future.cancel()
    tickets[1].expire()
    assert queue.take(9) == [tickets[2]]
    with pytest.raises(UnavailableError):
        await tickets[1].future


async def test_answered_once():
    """After the deadline an answer is thrown away, and after an answer an error (W6)."""
    one, other = ticket(), ticket()
    one.expire()
    one.answer("late")
    other.answer("in time")
    other.refuse(ValueError())
    assert isinstance(one.future.exception(), UnavailableError)
    assert await other.future == "in time"


async def test_wait():
    """Waiting ends when something is put, by two waiters too, and drain empties the queue."""
    queue = TicketQueue()
    waiters = [asyncio.create_task(queue.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    one = ticket()
    queue.put(one)
    await asyncio.gather(*waiters)
    assert queue.drain() == [one]
    assert len(queue) == 0
