"""A letter as a small PDF 1.4 file: one font, one column, black on white.

Pure and deterministic: no dates and no random ids, so the same letter always gives the same bytes. Structure after
ISO 32000-1: header (7.5.2), objects (7.5.3), cross-reference table (7.5.4), trailer (7.5.5).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

COLUMNS = 82
"""Characters a line: Helvetica of 11 points averages below 5.7 points, and the column is 471 points wide."""

LINES = 46
"""Lines a page: 16 points each, from 770 points down to the bottom margin."""


def write_pdf(title: str, paragraphs: Sequence[str]) -> bytes:
    """The file for this title and these paragraphs.

    Characters outside Windows-1252 raise UnicodeEncodeError: the built-in fonts cannot show them.
    """
    pages = list(_pages(paragraphs))
    numbers = [4 + 2 * index for index in range(len(pages))]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (nl-NL) >>",
        b"<< /Type /Pages /Kids [ %s ] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, (index, lines) in zip(numbers, enumerate(pages), strict=True):
        objects += [_page(number + 1), _stream(title if index == 0 else "", lines)]
    objects.append(b"<< /Title <%s> >>" % ("\ufeff" + title).encode("utf-16-be").hex().encode())
    return _file(objects)


def _pages(paragraphs: Sequence[str]) -> Iterator[list[str]]:
    lines = [line for paragraph in paragraphs for line in [*textwrap.wrap(paragraph, COLUMNS), ""]]
    for start in range(0, max(len(lines), 1), LINES):
        yield lines[start : start + LINES]


def _page(contents: int) -> bytes:
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
        b"/Resources << /Font << /F1 3 0 R >> >> >>" % contents
    )


def _stream(title: str, lines: Sequence[str]) -> bytes:
    shown = b"\n".join(b"%s Tj T*" % _string(line) for line in lines)
    text = b"BT /F1 16 Tf 62 792 Td %s Tj ET\nBT /F1 11 Tf 16 TL 62 758 Td\n%s\nET" % (_string(title), shown)
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text)


def _string(text: str) -> bytes:
    """A literal string (ISO 32000-1, 7.3.4.2); WinAnsiEncoding is Windows-1252 for every character we use."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return b"(" + escaped.encode("cp1252") + b")"


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects))
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)
