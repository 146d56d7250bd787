"""Pages for people: HTML that works without script, in Dutch and English, with one style sheet.

Pure: values in, text out. Every value that comes from outside goes through `html.escape` before it enters a page.
"""

from __future__ import annotations
