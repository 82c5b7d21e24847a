"""The base class of all events."""


class Event:
    """Something that happened; handlers are matched on its class, name or contents."""

    name = "launch.Event"
