"""`python -m vla_speech.fetch_model SIZE`: fetches a model of faster-whisper from the hub, once; needs the internet."""

from __future__ import annotations

import argparse
import sys

from vla_common.terminal import tool


@tool
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fetch a model of faster-whisper.")
    parser.add_argument(
        "size", nargs="?", default="base", help="tiny, base, small, ..., or a repository"
    )
    parser.add_argument(
        "--folder", default=None, help="as whisper.model_folder; default: the hub's cache"
    )
    options = parser.parse_args(arguments)
    try:
        from faster_whisper import download_model

        print(download_model(options.size, cache_dir=options.folder))
    except Exception as error:
        print(
            f"The model '{options.size}' can't be fetched: {' '.join(str(error).split())[:300]}",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
