"""A service of its own process that a test may kill: it opens a stream, reads, sequences, and prints what it answered.

Arguments: URL of the database, folder. Each line of its output is the number of an event that was acknowledged.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from audit.files import LogFolder
from audit.sequencer import Sequencer
from dossier.database import open_pool
from dossier.faults import point
from dossier.monthkeys import FileMonthKeys
from tests.audit.small_log import LOG_KEY, ORIGIN
from tests.audit.town import open_stream, read, running


async def serve(url: str, folder: Path) -> None:
    pool = await open_pool(url, smallest=1, largest=4)
    sequencer = Sequencer(pool, LogFolder(folder / "log"), ORIGIN, LOG_KEY, on_point=point)
    async with running(pool, keys=FileMonthKeys(folder / "keys"), on_point=point) as writer:
        stream = await open_stream(writer)
        print("stream", stream.hex(), flush=True)
        print(1, flush=True)
        for _ in range(3):
            for receipt in await asyncio.gather(*(writer.submit(read(stream)) for _ in range(3))):
                print(receipt.seq, flush=True)
            await sequencer.step()
    await pool.close()


asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
