"""Reading the sample world from the data files beside this module."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import msgspec

from dossier.sample.pdf import write_pdf
from dossier.sample.world import Agency, Attachment, CasePlan, Persona, Professional, Record, World

T = TypeVar("T")

PDF = "application/pdf"


class _Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    paragraphs: tuple[str, ...]


class _AttachedLetter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file_name: str
    title: str
    paragraphs: tuple[str, ...]


class _RecordFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record as it stands in its file: its content is exactly one of `data`, `letter` and `text`."""

    owner: str
    dossier: str
    section: str
    lane: str
    type: str
    label: str
    title: str
    data_from: date
    data_until: date
    agency: str = ""
    system: str = ""
    data: dict[str, Any] | None = None
    letter: _Letter | None = None
    text: str | None = None
    attachments: tuple[_AttachedLetter, ...] = ()


@functools.cache
def load_world() -> World:
    """The whole sample world; the same bytes each time. RuntimeError names a file that is not as it should be."""
    folder = resources.files("dossier.sample")
    return World(
        personas=_decode(folder / "personas.json", tuple[Persona, ...]),
        agencies=_decode(folder / "agencies.json", tuple[Agency, ...]),
        professionals=_decode(folder / "professionals.json", tuple[Professional, ...]),
        cases=_decode(folder / "cases.json", tuple[CasePlan, ...]),
        records=tuple(_record(key, file) for key, file in _record_files(folder / "records")),
    )


def _decode(file: Traversable, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except msgspec.MsgspecError as error:
        message = f"sample file `{file.name}` is not as it should be"
        raise RuntimeError(message) from error


def _record_files(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    for agency in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for file in sorted(agency.iterdir(), key=lambda entry: entry.name):
            yield f"{agency.name}/{file.name.removesuffix('.json')}", file


def _record(key: str, file: Traversable) -> Record:
    plan = _decode(file, _RecordFile)
    media_type, suffix, content = _content(file.name, plan)
    return Record(
        key=key,
        owner=plan.owner,
        dossier=plan.dossier,
        agency=plan.agency,
        system=plan.system,
        section=plan.section,
        lane=plan.lane,
        type=plan.type,
        label=plan.label,
        title=plan.title,
        data_from=_midnight(plan.data_from),
        data_until=_midnight(plan.data_until),
        media_type=media_type,
        file_name=key.rpartition("/")[2] + suffix,
        content=content,
        attachments=tuple(_attachment(letter) for letter in plan.attachments),
    )


def _content(name: str, plan: _RecordFile) -> tuple[str, str, bytes]:
    """Media type, file suffix and bytes of a record's first part."""
    match plan.data, plan.letter, plan.text:
        case dict() as data, None, None:
            return "application/json", ".json", (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()
        case None, _Letter() as letter, None:
            return PDF, ".pdf", write_pdf(letter.title, letter.paragraphs)
        case None, None, str() as text:
            return "text/plain; charset=utf-8", ".txt", text.encode()
        case _:
            message = f"sample file `{name}` must hold exactly one of data, letter and text"
            raise RuntimeError(message)


def _attachment(letter: _AttachedLetter) -> Attachment:
    return Attachment(letter.title, letter.file_name, PDF, write_pdf(letter.title, letter.paragraphs))


def _midnight(day: date) -> int:
    """UTC seconds of the start of that day, in UTC: the samples need days, not hours."""
    return int(datetime.combine(day, time(), UTC).timestamp())
