"""Step 3: access on law or court order, never shown as consent."""

from __future__ import annotations

from consent.clock import Clock, permit
from consent.entries import Order
from consent.facts import Facts
from consent.matching import grantee_fits
from consent.participation import takes_part
from consent.terms import VAULT, Decision, Obligations, Period, Request

ORDER_APPROVERS = 2


def ordered(request: Request, facts: Facts, clock: Clock) -> Decision | None:
    """Permit what an order lists; the owner is told, at once or from its dated notice on."""
    found = orders(request, facts, clock) if facts.dossier.orders else []
    if not found:
        return None
    notices = [0 if clock.holds(Period(each.notice_from)) else each.notice_from for each in found]
    due = Obligations(notify=True, notice_from=min(notices))
    return permit(3, "order", "legal-task", clock, (each.id for each in found), due)


def orders(request: Request, facts: Facts, clock: Clock) -> list[Order]:
    """The orders that give this request a ground now."""
    if request.item.lane == VAULT:
        return []
    return [each for each in facts.dossier.orders if _order_fits(each, request, facts, clock)]


def _order_fits(order: Order, request: Request, facts: Facts, clock: Clock) -> bool:
    return (
        bool(order.article.strip())
        and len(order.approvers) >= ORDER_APPROVERS
        and request.item.item in order.items
        and request.action in order.actions
        and grantee_fits(order.grantee, request.actor, strict=True)
        and clock.holds(order.period)
        and takes_part(order.grantee, request, facts.foreign, clock, order.issued, strict=True)
    )
