"""Finding launch files, showing their arguments, launching them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ament_index_python.packages import get_package_share_directory


class MultipleLaunchFilesError(Exception):
    """A package has several files of one name."""

    def __init__(self, msg: str, paths: list[str]) -> None:
        super().__init__(msg)
        self.paths = paths


def get_share_file_path_from_package(*, package_name: str, file_name: str) -> str:
    """Path of a file anywhere in a package's share directory.

    Raises PackageNotFoundError, FileNotFoundError and MultipleLaunchFilesError.
    """
    share = get_package_share_directory(package_name)
    paths = [
        os.path.join(folder, file_name) for folder, _, files in os.walk(share) if file_name in files
    ]
    if not paths:
        raise FileNotFoundError(
            f"file '{file_name}' was not found in the share directory of package "
            f"'{package_name}' which is at '{share}'"
        )
    if len(paths) > 1:
        listed = ", ".join(f"'{path}'" for path in paths)
        raise MultipleLaunchFilesError(
            f"file '{file_name}' was found more than once in the share directory of package "
            f"'{package_name}': [{listed}]",
            paths,
        )
    return paths[0]


def parse_launch_arguments(launch_arguments: Iterable[str]) -> list[tuple[str, str]]:
    """`name:=value` texts as pairs; of several for one name the last counts.

    Raises RuntimeError for anything else.
    """
    parsed: dict[str, str] = {}
    for argument in launch_arguments:
        name, separator, value = argument.partition(":=")
        if not name or not separator or not value:
            raise RuntimeError(
                f"malformed launch argument '{argument}', expected format '<name>:=<value>'"
            )
        parsed[name] = value
    return list(parsed.items())


def print_arguments_of_launch_file(*, launch_file_path: str) -> None:
    """Print every argument with description and default."""
    description = _load(launch_file_path)
    print("Arguments (pass arguments as '<name>:=<value>'):")
    arguments = description.get_launch_arguments()
    conditional = False
    for argument in arguments:
        only_sometimes = getattr(argument, "_conditionally_included", False)
        conditional = conditional or only_sometimes
        print(f"\n    '{argument.name}':{'*' if only_sometimes else ''}")
        print(f"        {argument.description}")
        if argument.default_value is not None:
            default = " + ".join(token.describe() for token in argument.default_value)
            print(f"        (default: {default})")
    if not arguments:
        print("\n  No arguments.")
    elif conditional:
        print("\n* argument(s) which are only used if specific conditions occur")


def print_a_launch_file(*, launch_file_path: str) -> None:
    """Print what a launch file would start."""
    import launch

    print(launch.LaunchIntrospector().format_launch_description(_load(launch_file_path)))


def _load(path: str) -> Any:
    from launch.launch_description_sources import get_launch_description_from_any_launch_file

    return get_launch_description_from_any_launch_file(path)


def launch_a_launch_file(
    *,
    launch_file_path: str,
    launch_file_arguments: list[str],
    noninteractive: bool = False,
    debug: bool = False,
) -> int:
    """Launch until everything has ended; the exit status of the launch."""
    arguments = parse_launch_arguments(launch_file_arguments)
    import launch
    from launch.actions import IncludeLaunchDescription
    from launch.launch_description_sources import AnyLaunchDescriptionSource

    service = launch.LaunchService(
        argv=launch_file_arguments, noninteractive=noninteractive, debug=debug
    )
    # Included, not loaded, so that the launch file knows its own location.
    include = IncludeLaunchDescription(
        AnyLaunchDescriptionSource(launch_file_path), launch_arguments=arguments
    )
    service.include_launch_description(launch.LaunchDescription([include]))
    return int(service.run())
