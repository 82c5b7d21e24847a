"""What every transform buffer offers, and the registries of types that can be transformed."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from std_msgs.msg import Header


class TypeException(Exception):
    """There is no transformation or conversion for this type."""

    def __init__(self, errstr: str) -> None:
        super().__init__(errstr)
        self.errstr = errstr


class NotImplementedException(Exception):
    """A subclass of `BufferInterface` lacks a method."""

    def __init__(self) -> None:
        self.errstr = "this buffer cannot look up transforms"
        super().__init__(self.errstr)


def _unknown(kind: Any) -> TypeException:
    return TypeException(
        f"{kind} cannot be transformed: no function is registered for it "
        "(import tf2_geometry_msgs for the geometry messages)"
    )


class TransformRegistration:
    """Which function transforms which type. One table for the process."""

    _functions: ClassVar[dict[Any, Callable[[Any, TransformStamped], Any]]] = {}

    def add(self, key: Any, callback: Callable[[Any, TransformStamped], Any]) -> None:
        """Use `callback(object, transform)` for objects of type `key`."""
        self._functions[key] = callback

    def get(self, key: Any) -> Callable[[Any, TransformStamped], Any]:
        """The function for type `key`. Raises TypeException."""
        if key not in self._functions:
            raise _unknown(key)
        return self._functions[key]

    def print_me(self) -> None:
        """Print the table."""
        print(self._functions)


class ConvertRegistration:
    """Which function converts between which types. One table for the process."""

    _to_message: ClassVar[dict[Any, Callable[[Any], Any]]] = {}
    _from_message: ClassVar[dict[Any, Callable[[Any], Any]]] = {}
    _direct: ClassVar[dict[tuple[Any, Any], Callable[[Any], Any]]] = {}

    def add_to_msg(self, key: Any, callback: Callable[[Any], Any]) -> None:
        """`callback` makes a message of an object of type `key`."""
        self._to_message[key] = callback

    def add_from_msg(self, key: Any, callback: Callable[[Any], Any]) -> None:
        """`callback` makes an object of type `key` of a message."""
        self._from_message[key] = callback

    def add_convert(self, key: tuple[Any, Any], callback: Callable[[Any], Any]) -> None:
        """`callback` converts from type `key[0]` to type `key[1]` directly."""
        self._direct[key] = callback

    def get_to_msg(self, key: Any) -> Callable[[Any], Any]:
        """The function added by `add_to_msg`. Raises TypeException."""
        return self._get(self._to_message, key)

    def get_from_msg(self, key: Any) -> Callable[[Any], Any]:
        """The function added by `add_from_msg`. Raises TypeException."""
        return self._get(self._from_message, key)

    def get_convert(self, key: tuple[Any, Any]) -> Callable[[Any], Any]:
        """The function added by `add_convert`. Raises TypeException."""
        return self._get(self._direct, key)

    @staticmethod
    def _get(table: dict[Any, Callable[[Any], Any]], key: Any) -> Callable[[Any], Any]:
        if key not in table:
            raise _unknown(key)
        return table[key]


def convert(a: Any, b_type: Any) -> Any:
    """Object `a` as type `b_type`: directly where that is registered, else through a message."""
    registered = ConvertRegistration()
    try:
        return registered.get_convert((type(a), b_type))(a)
    except TypeException:
        if type(a) is b_type:
            return deepcopy(a)
        return registered.get_from_msg(b_type)(registered.get_to_msg(type(a))(a))


def Stamped(obj: Any, stamp: Any, frame_id: str) -> Any:
    """`obj` with a header of this time (message) and frame."""
    obj.header = Header(frame_id=frame_id, stamp=stamp)
    return obj


class BufferInterface:
    """Base class of buffers: transforms objects by means of the lookups of its subclasses."""

    def __init__(self) -> None:
        self.registration = TransformRegistration()

    def transform(
        self,
        object_stamped: Any,
        target_frame: str,
        timeout: Duration = Duration(),  # noqa: B008 - immutable
        new_type: Any = None,
    ) -> Any:
        """`object_stamped` (a type that is registered, with a header) in `target_frame`.

        Raises TypeException, and whatever `lookup_transform` raises.
        """
        function = self.registration.get(type(object_stamped))
        header = object_stamped.header
        transform = self.lookup_transform(target_frame, header.frame_id, header.stamp, timeout)
        moved = function(object_stamped, transform)
        return moved if new_type is None else convert(moved, new_type)

    def transform_full(
        self,
        object_stamped: Any,
        target_frame: str,
        target_time: Time,
        fixed_frame: str,
        timeout: Duration = Duration(),  # noqa: B008 - immutable
        new_type: Any = None,
    ) -> Any:
        """As `transform`, to another time, by way of a frame that did not move in between."""
        function = self.registration.get(type(object_stamped))
        header = object_stamped.header
        transform = self.lookup_transform_full(
            target_frame, target_time, header.frame_id, header.stamp, fixed_frame, timeout
        )
        moved = function(object_stamped, transform)
        return moved if new_type is None else convert(moved, new_type)

    def lookup_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration = Duration(),  # noqa: B008 - immutable
    ) -> TransformStamped:
        """For subclasses."""
        raise NotImplementedException

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration = Duration(),  # noqa: B008 - immutable
    ) -> TransformStamped:
        """For subclasses."""
        raise NotImplementedException

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration = Duration(),  # noqa: B008 - immutable
    ) -> bool:
        """For subclasses."""
        raise NotImplementedException

    def can_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration = Duration(),  # noqa: B008 - immutable
    ) -> bool:
        """For subclasses."""
        raise NotImplementedException
