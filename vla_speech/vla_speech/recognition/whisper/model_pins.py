# SPDX-License-Identifier: Apache-2.0
"""Known models of faster-whisper: one revision of each repository, which can't change, and its weights' digest.

Revisions and digests are those that the Hugging Face hub shows for these repositories.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from vla_common.contracts.outcomes import Code, VlaError

REVISION = re.compile(r"[0-9a-f]{40}")
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Pin:
    """repository: on the hub; revision: 40 hex digits; sha256: of model.bin, "" where it is not known."""

    repository: str
    revision: str
    sha256: str = ""


PINS = {
    "tiny": Pin(
        "Systran/faster-whisper-tiny",
        "d90ca5fe260221311c53c58e660288d3deb8d356",
        "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
    ),
    "tiny.en": Pin("Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba"),
    "base": Pin(
        "Systran/faster-whisper-base",
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
    "small": Pin(
        "Systran/faster-whisper-small",
        "536b0662742c02347bc0e980a01041f333bce120",
        "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
    ),
    "medium": Pin(
        "Systran/faster-whisper-medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
    ),
    "large-v3": Pin(
        "Systran/faster-whisper-large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
    ),
}


def pin(model: str, revision: str = "", sha256: str = "") -> Pin:
    """What is fetched for a size or repository. A revision or digest that is given goes before the one that is known.

    Errors: INVALID_CONFIG for a model without a revision, since the newest of a repository can be anything, and for a
    revision or digest that is none.
    """
    known = PINS.get(model) or next((p for p in PINS.values() if p.repository == model), None)
    revision, sha256 = revision.strip().lower(), sha256.strip().lower().removeprefix("sha256:")
    if revision and not REVISION.fullmatch(revision):
        raise VlaError(
            Code.INVALID_CONFIG,
            f"'{revision}' is no revision: give the 40 hex digits of a commit, which can't change, "
            "not a branch or tag.",
        )
    if sha256 and not DIGEST.fullmatch(sha256):
        raise VlaError(Code.INVALID_CONFIG, "A digest (--sha256) has 64 hex digits.")
    if known is not None and revision in ("", known.revision):
        return Pin(known.repository, known.revision, sha256 or known.sha256)
    if not revision:
        raise VlaError(
            Code.INVALID_CONFIG,
            f"No revision of '{model}' is known here, and its newest one can be anything. "
            f"Name the commit that you mean: --revision COMMIT [--sha256 DIGEST]. Known are: {', '.join(PINS)}.",
        )
    return Pin(known.repository if known else model, revision, sha256)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, as hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
