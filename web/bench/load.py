"""A load of prepared requests over some connections, in a process of its own; loopback only, bounded by its requests.

`python -m web.bench.load PORT FILE CONNECTIONS SECONDS` reads requests (4-byte big-endian length, then bytes), sends
each once, and prints JSON: requests a second, p50 and p99 in milliseconds, and how many answers had which status.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HOST = "127.0.0.1"


class Connection(asyncio.Protocol):
    """One keep-alive connection: sends the next request when an answer is complete."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Count an answer when it is whole."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.index(b"content-length:") + len(b"content-length:")
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        self._load.count(int(head[9:12]), time.perf_counter() - self._sent)
        self._buffer = self._buffer[end + 4 + length :]
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, whatever is left to send: `exc` is the other side's business."""
        del exc
        if not self.done.done():
            self.done.set_result(None)

    def _next(self) -> None:
        request = self._load.next()
        if request is None or self._transport is None:
            if self._transport is not None:
                self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


class Load:
    """What is sent and what came back."""

    def __init__(self, requests: Iterator[bytes], seconds: float) -> None:
        self._requests = requests
        self._ends = time.perf_counter() + seconds
        self.statuses: Counter[int] = Counter()
        self.times: list[float] = []

    def next(self) -> bytes | None:
        """The next request, None when time or requests are over."""
        return next(self._requests, None) if time.perf_counter() < self._ends else None

    def count(self, status: int, seconds: float) -> None:
        """Note one answer."""
        self.statuses[status] += 1
        self.times.append(seconds)


async def run(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> dict[str, object]:
    """Send until requests or time are over; return the figures."""
    load, loop = Load(requests, seconds), asyncio.get_running_loop()
    begun = time.perf_counter()
    made = [await loop.create_connection(lambda: Connection(load), HOST, port) for _ in range(connections)]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    took = time.perf_counter() - begun
    times = sorted(load.times) or [0.0]
    return {
        "rate": len(load.times) / took,
        "p50": times[len(times) // 2] * 1000,
        "p99": times[int(len(times) * 0.99)] * 1000,
        "statuses": {str(status): count for status, count in load.statuses.items()},
    }


def read_requests(path: Path) -> Iterator[bytes]:
    """Read prepared requests."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


def write_requests(path: Path, requests: Iterator[bytes]) -> None:
    """Write prepared requests."""
    with path.open("wb") as file:
        for request in requests:
            file.write(len(request).to_bytes(4, "big") + request)


def main(arguments: list[str]) -> None:
    """Run the load and print its figures."""
    port, path, connections, seconds = arguments
    requests = list(read_requests(Path(path)))
    print(json.dumps(asyncio.run(run(int(port), iter(requests), int(connections), float(seconds)))))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
