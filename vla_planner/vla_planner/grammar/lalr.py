# SPDX-License-Identifier: Apache-2.0
"""A parser's tables, walked with stacks that are never changed.

lark makes the LALR(1) tables. Its own parser can't take a token back without copying everything; here a stack is a
chain of links, so that going back is free and two attempts share what they have in common. Trees are built at the
very end, for the one attempt that succeeded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lark import Lark
from lark.parsers.lalr_analysis import Shift

END = "$END"


class Stack(NamedTuple):
    """The parser after some tokens. key: the same for stacks that can go on in the same ways."""

    state: int
    value: Any
    below: Stack | None
    key: int


class Leaf(NamedTuple):
    """A token that is only made when the tree is."""

    make: Callable[[Any, int], Any]
    candidate: Any
    position: int

    def token(self) -> Any:
        return self.make(self.candidate, self.position)


class _Reduced(NamedTuple):
    rule: Any
    values: list[Any]


class Tables:
    """The tables of one grammar. Immutable; share them."""

    def __init__(self, parser: Lark) -> None:
        inner: Any = parser
        engine = inner.parser.parser.parser
        table = engine.parse_table
        self._callbacks: dict[Any, Callable[[list[Any]], Any]] = engine.callbacks
        self._start: int = table.start_states["start"]
        self._end: int = table.end_states["start"]
        # (True, next state) for a shift or a goto, (False, rule, its length, its name) for a reduction
        self._actions: dict[int, dict[str, tuple[Any, ...]]] = {
            state: {
                name: (True, argument)
                if action is Shift
                else (False, argument, len(argument.expansion), argument.origin.name)
                for name, (action, argument) in row.items()
            }
            for state, row in table.states.items()
        }

    def walk(self) -> Walk:
        return Walk(self._actions, self._callbacks, self._start, self._end)


class Walk:
    """One command's way through the tables."""

    def __init__(
        self,
        actions: dict[int, dict[str, tuple[Any, ...]]],
        callbacks: dict[Any, Callable[[list[Any]], Any]],
        start: int,
        end: int,
    ) -> None:
        self._actions, self._callbacks, self._end = actions, callbacks, end
        self._keys: dict[tuple[int, int], int] = {}
        self.start = Stack(start, None, None, 0)

    def allowed(self, stack: Stack) -> dict[str, tuple[Any, ...]]:
        """Terminals with which it may go on; some of them may still be refused by `feed`."""
        return self._actions[stack.state]

    def feed(self, stack: Stack, terminal: str, leaf: Leaf | None) -> Stack | None:
        """The stack after one more token, None where the grammar does not permit it."""
        actions = self._actions
        while True:
            action = actions[stack.state].get(terminal)
            if action is None:
                return None
            if action[0]:
                return self._push(action[1], leaf, stack)
            stack = self._reduce(stack, action)
            if terminal == END and stack.state == self._end:
                return stack

    def finish(self, stack: Stack) -> Any | None:
        """The tree, None when more tokens are needed."""
        done = self.feed(stack, END, None)
        return None if done is None else self._build(done.value)

    def _reduce(self, stack: Stack, action: tuple[Any, ...]) -> Stack:
        _, rule, size, name = action
        values = []
        below: Stack | None = stack
        for _ in range(size):
            assert below is not None
            values.append(below.value)
            below = below.below
        values.reverse()
        assert below is not None
        return self._push(self._actions[below.state][name][1], _Reduced(rule, values), below)

    def _push(self, state: int, value: Any, below: Stack) -> Stack:
        key = self._keys.setdefault((below.key, state), len(self._keys) + 1)
        return Stack(state, value, below, key)

    def _build(self, value: Any) -> Any:
        """Children before parents, without recursion: a long command makes a deep tree."""
        built: list[Any] = []
        todo: list[tuple[Any, bool]] = [(value, False)]
        while todo:
            item, ready = todo.pop()
            if not isinstance(item, _Reduced):
                built.append(item.token() if isinstance(item, Leaf) else item)
            elif not ready:
                todo.append((item, True))
                todo.extend((child, False) for child in reversed(item.values))
            else:
                count = len(item.values)
                children = built[len(built) - count :] if count else []
                if count:
                    del built[-count:]
                built.append(self._callbacks[item.rule](children))
        return built[0]
