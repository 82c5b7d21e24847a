"""The verbs of `ros2 pkg`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from xml.etree import ElementTree

from ros2cli import completion
from ros2cli.verb import Result, Verb

_NOT_FOUND = "Package not found"


def _package_arguments(parser: ArgumentParser) -> None:
    completion.add(parser, "package_name", completion.package_names, help="package")


def _list(_args: Namespace) -> Result:
    from ros2pkg.api import get_package_names

    for name in sorted(get_package_names()):
        print(name)
    return 0


def _prefix_arguments(parser: ArgumentParser) -> None:
    _package_arguments(parser)
    parser.add_argument("--share", action="store_true", help="show its share directory instead")


def _prefix(args: Namespace) -> Result:
    from ros2pkg.api import get_prefix_path

    prefix = get_prefix_path(args.package_name)
    if prefix is None:
        return _NOT_FOUND
    print(os.path.join(prefix, "share", args.package_name) if args.share else prefix)
    return 0


def _executables_arguments(parser: ArgumentParser) -> None:
    completion.add(
        parser, "package_name", completion.package_names, nargs="?", help="package (default: all)"
    )
    parser.add_argument("--full-path", action="store_true", help="show whole paths")


def _executables(args: Namespace) -> Result:
    from ros2pkg.api import PackageNotFound, get_executable_paths, get_package_names

    for name in [args.package_name] if args.package_name else sorted(get_package_names()):
        try:
            paths = get_executable_paths(package_name=name)
        except PackageNotFound:
            return f"Package '{name}' not found"
        for path in sorted(paths):
            print(path if args.full_path else f"{name} {os.path.basename(path)}")
    return 0


def _xml_arguments(parser: ArgumentParser) -> None:
    _package_arguments(parser)
    parser.add_argument("-t", "--tag", help="show the text of one tag only, such as 'version'")


def _xml(args: Namespace) -> Result:
    from ros2pkg.api import get_prefix_path

    prefix = get_prefix_path(args.package_name)
    if prefix is None:
        return _NOT_FOUND
    manifest = Path(prefix, "share", args.package_name, "package.xml")
    if not manifest.is_file():
        return "Package XML manifest not found"
    tree = ElementTree.parse(manifest)
    if args.tag is None:
        ElementTree.dump(tree)
        return 0
    elements = tree.getroot().findall(args.tag)
    for element in elements:
        print(element.text)
    return 0 if elements else "XML tag not found"


VERBS = {
    "executables": Verb("List executables", _executables, _executables_arguments),
    "list": Verb("List packages", _list),
    "prefix": Verb("Show where a package is installed", _prefix, _prefix_arguments),
    "xml": Verb("Show the manifest of a package", _xml, _xml_arguments),
}
