# SPDX-License-Identifier: Apache-2.0
"""Where the language model is and with which key: from the environment only, and never told to anybody.

OPENAI_BASE_URL, OPENAI_API_KEY, or OPENAI_API_KEY_FILE with the name of a file that holds the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_URL = "https://api.openai.com/v1"
MAX_KEY_BYTES = 4096
SHORTEST_SECRET = 8
"""Characters; local servers take any word, which is no secret and may be part of other words."""
_SECRET = re.compile(r"(?i)bearer\s+\S+|\bsk-[\w*.\-]{4,}")


@dataclass(frozen=True)
class Access:
    """problem: a sentence when there is nothing to ask, else empty."""

    base_url: str = ""
    key: str = field(default="", repr=False)
    problem: str = ""

    @property
    def server(self) -> str:
        """Host and port, for sentences and the log."""
        parts = urlsplit(self.base_url)
        return parts.netloc.rpartition("@")[2]

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return urlsplit(self.base_url).hostname in ("localhost", "127.0.0.1", "::1")

    @property
    def is_in_the_clear(self) -> bool:
        """Whether a key would travel unencrypted to another machine."""
        return bool(self.key) and not self.is_local and urlsplit(self.base_url).scheme == "http"

    def scrub(self, text: str) -> str:
        """The text without the key and what looks like one."""
        if len(self.key) >= SHORTEST_SECRET:
            text = text.replace(self.key, "[key]")
        return _SECRET.sub("[key]", text)


def find(environ: Mapping[str, str]) -> Access:
    """What the environment says. Never raises: what is wrong is the `problem`."""
    url = environ.get("OPENAI_BASE_URL", "").strip()
    key = environ.get("OPENAI_API_KEY", "").strip()
    file = environ.get("OPENAI_API_KEY_FILE", "").strip()
    if not key and file:
        try:
            with Path(file).expanduser().open("rb") as source:
                key = source.read(MAX_KEY_BYTES).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return Access(problem="The file that OPENAI_API_KEY_FILE names can't be read.")
        if not key:
            return Access(problem="The file that OPENAI_API_KEY_FILE names is empty.")
    if not url and not key:
        return Access(
            problem="No language model is set up: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        return Access(problem="The key for the language model has characters that no key has.")
    url = url or DEFAULT_URL
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        return Access(
            problem="OPENAI_BASE_URL has to be an address that begins with http:// or https://."
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        return Access(
            problem="OPENAI_BASE_URL must not hold a name, a password or a query; a key goes into OPENAI_API_KEY."
        )
    return Access(url, key)
