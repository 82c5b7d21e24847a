# SPDX-License-Identifier: Apache-2.0
"""Which files may be taken for worlds when somebody asks over the network.

Decides from the name alone what lies where worlds belong; what such a file says is read in `world_spec`. Who starts the
simulator may name any file; who calls `sim/reset` may be anybody, and learns nothing of other files, not even whether
they are there.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from vla_sim.world.world_spec import WorldError

ENDINGS = (".yaml", ".yml")
LARGEST_BYTES = 1_000_000
LONGEST_NAME = 500


def permitted(name: str, folders: Iterable[Path], files: Iterable[Path] = ()) -> Path:
    """The file of that name, with every link followed: it lies in one of the folders, or is one of the files.

    A name without a leading slash is looked for in the folders, and is the last part of a file's.

    Raises:
        WorldError: that says the same for what is elsewhere and what is nowhere.
    """
    roots = [root for root in (_resolved(folder) for folder in folders) if root is not None]
    known = list(files)
    single = [one for one in (_resolved(file) for file in known) if one is not None]
    if 0 < len(name) <= LONGEST_NAME and "\0" not in name:
        asked = Path(name)
        candidates = [asked]
        if not asked.is_absolute():
            candidates = [file for file in known if file.name == name]
            candidates += [root / asked for root in roots]
        for candidate in candidates:
            found = _resolved(candidate)
            if found is None:
                continue
            inside = any(found.is_relative_to(root) for root in roots)
            if ((inside and found.suffix in ENDINGS) or found in single) and _readable(found):
                return found
    shown = ascii(name[:60])[1:-1]
    raise WorldError(
        f"there is no world file '{shown}' where worlds belong: in the folder of vla_sim's worlds and those of "
        "sim.world_folders"
    )


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None


def _readable(path: Path) -> bool:
    """Not a device or a pipe, on which reading would wait for ever, and no more than a world can be."""
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_BYTES
