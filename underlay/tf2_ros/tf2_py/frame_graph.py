# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Named frames, the transforms between them over time, and how to get from one to another.

Decides which samples answer a request, interpolates between two, and refuses with a reason what the
data does not cover. Knows neither messages nor clocks: times are nanoseconds, 0 means "the latest
that the whole chain has". Safe to use from several threads.
"""

from __future__ import annotations

import bisect
import threading
from dataclasses import dataclass, field

from tf2_py.exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
)
from tf2_py.rigid import Rigid

MAX_DEPTH = 1000  # as tf2: a longer chain is taken for a loop
DEFAULT_CACHE_NS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a child frame is in its parent frame."""

    parent: str
    transform: Rigid


@dataclass(slots=True)
class _Track:
    """All samples of one child frame, oldest first. A static one has a single sample, for ever."""

    static: bool
    stamps_ns: list[int] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def latest_ns(self) -> int:
        return 0 if self.static or not self.stamps_ns else self.stamps_ns[-1]

    def insert(self, stamp_ns: int, sample: Sample, cache_ns: int) -> bool:
        """Add a sample; False when it is older than what the cache keeps."""
        if self.static:
            self.stamps_ns, self.samples = [0], [sample]
            return True
        latest_ns = self.latest_ns()
        # As tf2, old samples go before the new one comes: after a long gap the last one stays.
        expired = bisect.bisect_left(self.stamps_ns, latest_ns - cache_ns)
        if expired:
            del self.stamps_ns[:expired], self.samples[:expired]
        if self.stamps_ns and stamp_ns < latest_ns - cache_ns:
            return False
        at = bisect.bisect_right(self.stamps_ns, stamp_ns)
        first = bisect.bisect_left(self.stamps_ns, stamp_ns, 0, at)
        if sample not in self.samples[first:at]:
            self.stamps_ns.insert(at, stamp_ns)
            self.samples.insert(at, sample)
        return True

    def at(self, time_ns: int, child: str) -> Sample:
        """The sample at a time, interpolated where needed.

        Raises ExtrapolationException outside the samples, and when there is none.
        """
        if not self.samples:
            raise ExtrapolationException(f"there is no transform for frame '{child}' any more")
        if self.static or time_ns == 0:
            return self.samples[-1]
        at = bisect.bisect_right(self.stamps_ns, time_ns)
        if at and self.stamps_ns[at - 1] == time_ns:
            return self.samples[at - 1]
        if at == 0 or at == len(self.stamps_ns):
            raise ExtrapolationException(self._outside(time_ns, child))
        before, after = self.samples[at - 1], self.samples[at]
        if before.parent != after.parent:
            return before
        start_ns, end_ns = self.stamps_ns[at - 1], self.stamps_ns[at]
        ratio = (time_ns - start_ns) / (end_ns - start_ns)
        return Sample(before.parent, before.transform.towards(after.transform, ratio))

    def _outside(self, time_ns: int, child: str) -> str:
        """The sentence for a time that the samples do not cover."""
        wanted = f"Lookup of frame '{child}' at {seconds(time_ns)}"
        if len(self.stamps_ns) == 1:
            only = seconds(self.stamps_ns[0])
            return f"{wanted} would require extrapolation: its only transform is at {only}"
        if time_ns < self.stamps_ns[0]:
            limit = f"past: the earliest transform is at {seconds(self.stamps_ns[0])}"
        else:
            limit = f"future: the latest transform is at {seconds(self.stamps_ns[-1])}"
        return f"{wanted} would require extrapolation into the {limit}"


def seconds(time_ns: int) -> str:
    """A time for people: seconds with six decimals."""
    return f"{time_ns / 1e9:.6f}"


class FrameGraph:
    """The tree of frames. `cache_ns` is how much history each dynamic frame keeps."""

    def __init__(self, cache_ns: int = DEFAULT_CACHE_NS) -> None:
        self._cache_ns = cache_ns
        self._lock = threading.RLock()
        self._tracks: dict[str, _Track] = {}
        self._names: dict[str, None] = {}  # in order of arrival; parents too

    def insert(
        self,
        parent: str,
        child: str,
        stamp_ns: int,
        transform: Rigid,
        *,
        static: bool = False,
    ) -> str:
        """Add one sample. Returns why it was ignored, or an empty string."""
        parent, child = parent.removeprefix("/"), child.removeprefix("/")
        if not child or not parent:
            return f"frame_id '{parent}' and child_frame_id '{child}' must not be empty"
        if child == parent:
            return f"frame_id and child_frame_id are both '{child}'"
        valid = transform.normalized()
        if valid is None:
            return f"the transform of '{child}' has NaN in it, or a rotation of length zero"
        with self._lock:
            track = self._tracks.get(child)
            if track is None or track.static != static:
                track = self._tracks[child] = _Track(static)
            self._names.setdefault(child)
            self._names.setdefault(parent)
            if not track.insert(stamp_ns, Sample(parent, valid), self._cache_ns):
                return (
                    f"the transform of '{child}' at {seconds(stamp_ns)} is older than the "
                    f"{self._cache_ns / 1e9:g} s that are kept before {seconds(track.latest_ns())}"
                )
        return ""

    def clear(self) -> None:
        """Forget all dynamic samples. Static ones stay, and so do the names."""
        with self._lock:
            for track in self._tracks.values():
                if not track.static:
                    track.stamps_ns.clear()
                    track.samples.clear()

    def check_name(self, argument: str, frame: str) -> None:
        """Raise unless `frame` is the name of a known frame."""
        if not frame:
            raise InvalidArgumentException(f"{argument} is empty")
        if frame.startswith("/"):
            raise InvalidArgumentException(f"{argument} '{frame}' must not start with '/'")
        if frame not in self._names:
            raise LookupException(f"{argument} '{frame}' does not exist")

    def latest_common_ns(self, target: str, source: str) -> int:
        """Newest time at which every transform between the two frames is known.

        0 when all of them are static. Raises as `lookup`.
        """
        with self._lock:
            self.check_name("target_frame", target)
            self.check_name("source_frame", source)
            if source == target:
                track = self._tracks.get(source)
                return track.latest_ns() if track else 0
            below, stamps = [source], [0]
            while below[-1] != target and (step := self._newest(below[-1])):
                below.append(step[0])
                stamps.append(step[1])
                self._check_depth(below)
            frame, seen = target, [0]
            while frame not in below:
                step = self._newest(frame)
                if step is None:
                    raise self._unconnected(target, source)
                frame = step[0]
                seen.append(step[1])
                self._check_depth(seen)
            used = stamps[: below.index(frame) + 1] + seen
            return min((stamp for stamp in used if stamp), default=0)

    def lookup(self, target: str, source: str, time_ns: int) -> tuple[Rigid, int]:
        """The transform that takes points from `source` to `target`, and its time.

        Raises InvalidArgumentException, LookupException, ConnectivityException or
        ExtrapolationException.
        """
        with self._lock:
            if target == source:
                if time_ns == 0 and source in self._names:
                    time_ns = self.latest_common_ns(target, source)
                return Rigid(), time_ns
            self.check_name("target_frame", target)
            self.check_name("source_frame", source)
            if time_ns == 0:
                time_ns = self.latest_common_ns(target, source)
            return self._walk(target, source, time_ns), time_ns

    def _walk(self, target: str, source: str, time_ns: int) -> Rigid:
        frames, upward = [source], [Rigid()]
        gap: ExtrapolationException | None = None
        while frames[-1] != target and (track := self._tracks.get(frames[-1])):
            try:
                sample = track.at(time_ns, frames[-1])
            except ExtrapolationException as error:
                gap = error  # the target may still hang below this frame
                break
            upward.append(sample.transform @ upward[-1])
            frames.append(sample.parent)
            self._check_depth(frames)
        known = {frame: index for index, frame in enumerate(frames)}
        frame, downward, depth = target, Rigid(), [target]
        while frame not in known:
            track = self._tracks.get(frame)
            if track is None:
                raise gap or self._unconnected(target, source)
            sample = track.at(time_ns, frame)
            downward = sample.transform @ downward
            frame = sample.parent
            depth.append(frame)
            self._check_depth(depth)
        return downward.inverse() @ upward[known[frame]]

    def _newest(self, frame: str) -> tuple[str, int] | None:
        """Parent of a frame by its newest sample, and the time of that (0 when static)."""
        track = self._tracks.get(frame)
        if track is None or not track.samples:
            return None
        return track.samples[-1].parent, track.latest_ns()

    @staticmethod
    def _check_depth(chain: list[str] | list[int]) -> None:
        if len(chain) > MAX_DEPTH:
            raise LookupException("the frames form a loop")

    @staticmethod
    def _unconnected(target: str, source: str) -> ConnectivityException:
        return ConnectivityException(
            f"no chain of transforms joins '{target}' and '{source}': they are in separate trees"
        )
