# SPDX-License-Identifier: Apache-2.0
"""`./vla VERB --help`: the one home of what each verb says of itself. Needs nothing but Python.

Verbs of `cli` are told by their own parser, those that the entry script runs itself by the texts here, evaluations and
benchmarks by the docstring and the arguments in their source, which is read and not run.
"""

from __future__ import annotations

import argparse
import ast
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

WIDTH = 100
SHELL_VERBS = {
    "launch": (
        "[name:=value ...]",
        "Start the system and leave it running until Ctrl-C: ros2 launch vla_bringup vla_system.launch.py. Arguments "
        "are launch arguments, such as robot:=real, namespace:=robot1, speech:=false, audio_file:=command.wav; "
        "--show-args lists all with their meaning, which takes the set-up.",
    ),
    "shell": ("", "A shell with everything sourced: ros2, python with all packages, pytest."),
    "test": (
        "[GROUP | GROUP/NAME ...] [--lanes N] [--repeat N] [--list] [pytest arguments]",
        "All tests, or those of groups: unit needs no ROS; ros starts single nodes; underlay is about the stand-ins "
        "for ROS packages; system starts everything. GROUP/NAME is one job of a group, such as ros/executor; --list "
        "shows all of them. Jobs run side by side as far as --lanes cores allow (by default all). --repeat N runs each "
        "N times, to find tests that fail now and then. What follows goes to pytest, such as -k stop_words.",
    ),
    "check": (
        "[format|lint|types|spelling|markdown|shell|yaml [FILE ...]]",
        "Every rule of the source, or one of them: what CI runs beside the tests, and the hooks before a commit.",
    ),
    "lock": (
        "[--upgrade]",
        "Write the lock files of the Python packages anew, each with version and hashes, after setup/requirements*.txt "
        "changed. --upgrade: also take newer versions of what is not pinned there.",
    ),
    "build": (
        "[package ...] | --with torch",
        "Set up and build all packages, or build the named ones anew. --with torch installs what training and "
        "ultralytics need besides (two gigabytes).",
    ),
    "train-detector": (
        "[--quick] [--seed N] [--out FILE] [--measure MODEL]",
        "Make perception's network anew from the simulator's pictures. --quick: a few minutes, to try it; --measure: "
        "measure a model and train none. Needs ./vla build --with torch.",
    ),
    "eval": ("NAME [arguments]", "Run an evaluation; its own arguments: ./vla eval NAME --help."),
    "bench": ("NAME [arguments]", "Run a benchmark; its own arguments: ./vla bench NAME --help."),
}
FOLDERS = {"eval": "evaluation", "bench": "benchmarks"}


def main(words: Sequence[str], root: Path) -> int:
    """words: the verb and what followed it. Exit code 0, or 2 for what there is not."""
    verb, *rest = words
    if verb in FOLDERS:
        named = [word for word in rest if not word.startswith("-")]
        scripts = _scripts(root / "test" / FOLDERS[verb])
        if named and named[0] in scripts:
            print(_script_help(verb, named[0], scripts[named[0]]))
            return 0
        print(_shell_help(verb))
        print(
            "\n".join(f"  {name:14s} {_first_line(text)}" for name, text in sorted(scripts.items()))
        )
        if named:
            print(f"vla: there is no {verb} '{named[0]}'.", file=sys.stderr)
        return 2 if named else 0
    if verb in SHELL_VERBS:
        print(_shell_help(verb))
        return 0
    from vla_bringup.cli import main as cli

    try:
        cli._parser().parse_args([verb, "--help"])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _shell_help(verb: str) -> str:
    arguments, text = SHELL_VERBS[verb]
    return f"usage: vla {verb} {arguments}".rstrip() + "\n\n" + textwrap.fill(text, WIDTH)


def _scripts(folder: Path) -> dict[str, str]:
    """The source of each script that is run by its name."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    return {name: text for name, text in sources.items() if "__main__" in text}


def _first_line(source: str) -> str:
    doc = ast.get_docstring(ast.parse(source)) or ""
    return doc.split("\n", 1)[0]


def _script_help(verb: str, name: str, source: str) -> str:
    """As its argparse would say it, out of its source: to import it takes the whole set-up."""
    tree = ast.parse(source)
    parser = argparse.ArgumentParser(
        prog=f"vla {verb} {name}",
        description=ast.get_docstring(tree),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "add_argument":
                _add(parser, node)
    return parser.format_help().rstrip()


def _add(parser: argparse.ArgumentParser, call: ast.Call) -> None:
    flags = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    options = {
        key.arg: _literal(key.value)
        for key in call.keywords
        if key.arg in ("help", "action", "nargs", "metavar", "choices", "default", "dest")
    }
    options = {key: value for key, value in options.items() if value is not None}
    if not isinstance(options.get("help", ""), str):
        options.pop("help")
    if flags and "-h" not in flags:
        parser.add_argument(*map(str, flags), **options)  # type: ignore[arg-type]


def _literal(node: ast.expr) -> object:
    """The value of a constant expression; of a text that is put together its parts, with dots where values go."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "..." for part in node.values]
        return "".join(map(str, parts))
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], Path(sys.argv[1])))
