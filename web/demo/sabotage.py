"""Services that cheat, for showing that the checks are real: what comes back is changed on its way to the client.

Each sabotage is what a hostile service could do without any key of others: change a published file, leave an event out,
spoil a signature, or go on releasing after a withdrawal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from crypto.encoding import decode_base64, encode_base64
from dossier.client.carrier import Answer, Carrier, HttpCarrier, Request

Changed = tuple[int, bytes]
Change = Callable[[Request, int, bytes], Changed | None]
"""Given a request with status and body of its answer: what to answer instead; None leaves the answer as it is."""


class Sabotaged(Carrier):
    """Plain HTTP, but for what a sabotage changes."""

    def __init__(self, change: Change) -> None:
        self._inner = HttpCarrier()
        self._change = change

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def send(self, request: Request) -> Answer:
        """Send a request and answer with what the sabotage makes of the answer."""
        answer = self._inner.send(request)
        changed = self._change(request, answer.status, answer.content)
        return answer if changed is None else Answer(changed[0], answer.headers, changed[1])


def flipped_tile() -> Change:
    """Flip one bit of a published tile of hashes."""

    def change(request: Request, status: int, body: bytes) -> Changed | None:
        is_tile = request.path.startswith("/log/tile/0/") and bool(body)
        return (status, bytes([body[0] ^ 1]) + body[1:]) if is_tile else None

    return change


def dropped_event() -> Change:
    """Leave the reading out of the list of events that the owner is shown."""

    def change(request: Request, status: int, body: bytes) -> Changed | None:
        if not (request.path.startswith("/v1/dossiers/") and request.path.endswith("/events")):
            return None
        page = json.loads(body)
        page["events"] = [each for each in page["events"] if not _is_look(each)]
        return status, json.dumps(page).encode()

    return change


def bad_signature() -> Change:
    """Spoil the author's signature under the header of what a professional reads."""

    def change(request: Request, status: int, body: bytes) -> Changed | None:
        if not _is_reading(request) or status != HTTPStatus.CREATED:
            return None
        answer = json.loads(body)
        envelope = json.loads(decode_base64(answer["header"]))
        signature = bytearray(decode_base64(envelope["signatures"][0]["sig"]))
        signature[0] ^= 1
        envelope["signatures"][0]["sig"] = encode_base64(bytes(signature))
        answer["header"] = encode_base64(json.dumps(envelope, separators=(",", ":")).encode())
        return status, json.dumps(answer).encode()

    return change


def late_withdrawal() -> Change:
    """Act as if the withdrawal had not come yet: release again what was released before it."""
    released: list[Changed] = []

    def change(request: Request, status: int, body: bytes) -> Changed | None:
        if not _is_reading(request):
            return None
        if status == HTTPStatus.CREATED:
            released.append((status, body))
        return released[-1] if released else None

    return change


SABOTAGES: Mapping[str, tuple[str, Callable[[], Change]]] = {
    "flipped-tile": ("log", flipped_tile),
    "dropped-event": ("owner", dropped_event),
    "bad-signature": ("professional", bad_signature),
    "late-withdrawal": ("professional", late_withdrawal),
}
"""By name: whose answers are changed (the owner's, the professional's, those of the log), and how."""


def _is_reading(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/readings")


def _is_look(event: Mapping[str, Any]) -> bool:
    """Whether an event is a permitted reading by somebody who acts for an organisation."""
    shown = {each.get("name", ""): each.get("value", "") for each in event.get("openings", [])}
    return (shown.get("action"), shown.get("decision")) == ("read", "permit") and bool(shown.get("organisation"))
