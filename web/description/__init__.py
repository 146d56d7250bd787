"""The description of the API (OpenAPI 3.1): made from the routes, kept in `web/openapi.json`, served as kept.

`python -m web.description` writes the file anew; with `--check` it only says whether the file still fits the routes.
"""

from __future__ import annotations

from pathlib import Path

from litestar import Response, get

FILE = Path(__file__).parents[1] / "openapi.json"
CACHE = "public, max-age=300"


@get("/v1/openapi.json", include_in_schema=False, sync_to_thread=False)
def show_description() -> Response[bytes]:
    """Give the description, to anybody and to pages of any origin: it holds no secret."""
    headers = {
        "cache-control": CACHE,
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
    }
    return Response(FILE.read_bytes(), media_type="application/json", headers=headers)


ROUTES = (show_description,)
