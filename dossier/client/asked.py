"""What became of what one asked: each request with its answer, held against who signed it, its words opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto.encoding import decode_base64, sha256
from crypto.errors import CryptoError
from crypto.messages import open_message
from crypto.statements import Statement, parse_statement, verify
from dossier.client.cases import ANSWER_WORDS
from dossier.client.errors import UntrustedError
from dossier.client.making import Identity
from dossier.client.signers import Signers, key_then


@dataclass(frozen=True)
class Answer:
    """An answer as it was signed: by whom (hex id), the word, the code of the reason, and the words for the asker."""

    by: str
    word: str
    reason: str
    words: str


def answer_of(shown: Mapping[str, Any], identity: Identity, signers: Signers) -> Answer | None:
    """The answer to a request that one asked; None while there is none.

    That the signer is who they say is checked; whether they hold the dossier shows when a consent of theirs is used.
    Raise UntrustedError for an answer to something else, words that were not signed for, or a signature that is not theirs.
    """
    if not shown["answer"]:
        return None
    try:
        statement = parse_statement(decode_base64(shown["answer"]))
        payload = statement.payload
        _check(shown, statement)
        chain = signers.chain(bytes.fromhex(payload["signer"]))
        verify(statement, key_then(chain, payload["keyHash"], payload["issuedAt"]))
        sealed = decode_base64(shown["answerWords"])
        if (sha256(sealed).hex() if sealed else "") != payload["words"]:
            raise UntrustedError("the words are not those that were signed for")
        ids = bytes.fromhex(payload["dossier"]), bytes.fromhex(payload["request"])
        words = open_message(ANSWER_WORDS, *ids, identity.sealing, sealed) if sealed else ""
    except CryptoError as error:
        raise UntrustedError("an answer does not verify") from error
    return Answer(payload["signer"], payload["answer"], payload["reason"], words)


def _check(shown: Mapping[str, Any], answer: Statement) -> None:
    asked = parse_statement(decode_base64(shown["statement"]))
    if answer.kind != "access-answer" or answer.payload["requestHash"] != asked.hash.hex():
        raise UntrustedError("the answer is to another request")
