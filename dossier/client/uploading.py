"""Uploading a large part in segments, resumed where the service says it stopped."""

from __future__ import annotations

from pathlib import Path

from dossier.client.errors import RefusedError, UnreachableError
from dossier.client.session import Session
from dossier.items.segments import SEGMENT_SIZE

TRIES = 5
_HEADERS = {"content-type": "application/octet-stream"}


def upload_part(session: Session, dossier: bytes, part: Path, digest: str) -> str:
    """Upload a file of ciphertext, whose SHA-256 in hex is `digest`, for a dossier; return the upload's id.

    Holds one segment in memory.
    """
    length = part.stat().st_size
    begun = session.post(f"/v1/dossiers/{dossier.hex()}/uploads", {"length": length, "hash": digest})
    upload: str = begun["upload"]
    for left in reversed(range(TRIES)):
        try:
            _send_rest(session, upload, part, length)
        except (UnreachableError, RefusedError) as error:
            # A segment whose answer was lost may be there: the service's offset tells, and only that.
            refused = isinstance(error, RefusedError) and error.code != "wrong-offset"
            if refused or not left:
                raise
        else:
            return upload
    raise AssertionError("not reached")


def _send_rest(session: Session, upload: str, part: Path, length: int) -> None:
    offset = _offset(session, upload)
    with part.open("rb") as file:
        file.seek(offset)
        while offset < length:
            segment = file.read(SEGMENT_SIZE)
            headers = {**_HEADERS, "upload-offset": str(offset)}
            session.send("PATCH", f"/v1/uploads/{upload}", content=segment, headers=headers)
            offset += len(segment)


def _offset(session: Session, upload: str) -> int:
    return int(session.send("HEAD", f"/v1/uploads/{upload}").header("upload-offset"))
