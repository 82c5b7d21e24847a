# SPDX-License-Identifier: Apache-2.0
"""`python -m vla_speech.fetch_model SIZE`: fetches a model of faster-whisper from the hub, once; needs the internet.

What is fetched is one revision that can't change (`model_pins`); weights that are not those that were meant are not
kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vla_common.contracts.outcomes import VlaError
from vla_common.machine.quiet_libraries import keep_libraries_quiet
from vla_common.machine.terminal import tool
from vla_speech.recognition.whisper.model_pins import PINS, digest_of, pin

WEIGHTS = "model.bin"


def download(repository: str, revision: str, folder: str | None) -> str:
    """The folder of the model's files. Errors: whatever the hub's library raises."""
    keep_libraries_quiet()
    from faster_whisper import download_model

    return str(download_model(repository, cache_dir=folder, revision=revision))


@tool
def main(
    arguments: list[str] | None = None,
    fetch: Callable[[str, str, str | None], Any] = download,
) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m vla_speech.fetch_model", description="Fetch a model of faster-whisper."
    )
    parser.add_argument(
        "size", nargs="?", default="base", help=f"{', '.join(PINS)}, or a repository"
    )
    parser.add_argument(
        "--folder", default=None, help="as whisper.model_folder; default: the hub's cache"
    )
    parser.add_argument(
        "--revision", default="", help="commit of the repository; known for the sizes above"
    )
    parser.add_argument("--sha256", default="", help="digest of its model.bin")
    options = parser.parse_args(arguments)
    try:
        wanted = pin(options.size, options.revision, options.sha256)
        where = str(fetch(wanted.repository, wanted.revision, options.folder))
        weights = Path(where) / WEIGHTS
        digest = digest_of(weights)
    except VlaError as error:
        print(error.message, file=sys.stderr)
        return 1
    except Exception as error:
        print(
            f"The model '{options.size}' can't be fetched: {' '.join(str(error).split())[:300]}",
            file=sys.stderr,
        )
        return 1
    if wanted.sha256 and digest != wanted.sha256:
        # In the hub's cache the file is a link to what was fetched; both go.
        weights.resolve().unlink()
        weights.unlink(missing_ok=True)
        print(
            f"The weights of '{options.size}' are not those that were meant and were removed: their digest "
            f"is {digest}, not {wanted.sha256}.",
            file=sys.stderr,
        )
        return 1
    print(where)
    if not wanted.sha256:
        print(
            f"Their digest was not known before: sha256 {digest}. Keep it, and give it with --sha256 the next time.",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
