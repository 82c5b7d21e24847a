"""From a Python module to the launches it asks for and the tests that belong to them."""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from launch import LaunchDescription
from launch.launch_description_entity import LaunchDescriptionEntity

from .actions import ReadyToTest

DEFAULT_READY_TIMEOUT_S = 15.0


class TestRun:
    """One launch with the tests to run during it and after it."""

    __test__ = False  # not a test itself

    def __init__(
        self,
        name: str,
        test_description_function: Callable[..., Any],
        param_args: Mapping[str, Any],
        pre_shutdown_tests: unittest.TestSuite,
        post_shutdown_tests: unittest.TestSuite,
    ) -> None:
        self.name = name
        self.description_function = test_description_function
        self.param_args = dict(param_args)
        self.pre_shutdown_tests = pre_shutdown_tests
        self.post_shutdown_tests = post_shutdown_tests
        self.markers: dict[str, Any] = getattr(test_description_function, "__markers__", {})
        self.timeout: float = getattr(
            test_description_function, "__ready_to_test_action_timeout__", DEFAULT_READY_TIMEOUT_S
        )
        for suite in _suites([pre_shutdown_tests, post_shutdown_tests]):
            suite._cleanup = False  # keep the tests for the report
        if self.param_args:
            for case in self.all_cases():
                _rename(case, case._testMethodName + self._parameters_in_words())

    def __str__(self) -> str:
        return self.name + self._parameters_in_words()

    def _parameters_in_words(self) -> str:
        if not self.param_args:
            return ""
        return f"[{', '.join(str(value) for value in self.param_args.values())}]"

    def all_cases(self) -> Iterator[unittest.TestCase]:
        """Yield all tests."""
        yield from _cases(self.pre_shutdown_tests)
        yield from _cases(self.post_shutdown_tests)

    def describe(self, ready_fn: Callable[[], None]) -> tuple[LaunchDescription, Mapping[str, Any]]:
        """Return the launch description and what else the tests can take as arguments.

        `ready_fn` is called when the ReadyToTest action is reached; there must be one.
        """
        result = self.description_function()
        description, context = result if isinstance(result, tuple) else (result, {})
        ready = next(_ready_actions(description.entities), None)
        if ready is None:
            raise Exception(
                "generate_test_description functions must return a LaunchDescription containing "
                "a ReadyToTest action"
            )
        ready._add_callback(ready_fn)
        return description, context

    def get_launch_description(self) -> LaunchDescription:
        """Return the launch description, to describe it."""
        return self.describe(lambda: None)[0]

    def validate(self) -> None:
        """Raise unless generate_test_description takes exactly the parametrized arguments."""
        function = inspect.unwrap(self.description_function)
        while isinstance(function, functools.partial):
            function = inspect.unwrap(function.func)
        signature = inspect.getfullargspec(function)
        accepted = {*signature.args, *signature.kwonlyargs}
        for name in sorted(self.param_args.keys() - accepted):
            raise Exception(
                "Could not find an argument in generate_test_description matching "
                f"parametrized argument '{name}'"
            )
        for name in sorted(accepted - self.param_args.keys()):
            raise Exception(f"generate_test_description has unexpected extra argument '{name}'")

    @staticmethod
    def bind(tests: unittest.TestSuite, arguments: Mapping[str, Any]) -> None:
        """Give test methods and set-up and tear-down the arguments that they name."""
        classes: list[type[unittest.TestCase]] = []
        for case in _cases(tests):
            for method in (case._testMethodName, "setUp", "tearDown"):
                setattr(case, method, _bind(getattr(case, method), arguments))
            if type(case) not in classes:
                classes.append(type(case))
        for test_class in classes:
            for method in ("setUpClass", "tearDownClass"):
                setattr(test_class, method, _bind(getattr(test_class, method), arguments))


def LoadTestsFromPythonModule(module: ModuleType, *, name: str = "launch_tests") -> list[TestRun]:
    """Return a run for each launch that the module's generate_test_description asks for."""
    function = module.generate_test_description
    if getattr(function, "__parametrized__", False):
        descriptions = list(function())
    else:
        descriptions = [(function, {})]
    return [
        TestRun(
            name,
            description,
            arguments,
            _Loader(post_shutdown=False).loadTestsFromModule(module),
            _Loader(post_shutdown=True).loadTestsFromModule(module),
        )
        for description, arguments in descriptions
    ]


class _Loader(unittest.TestLoader):
    """Loads the test classes of one kind, each as a class of its own for each launch."""

    def __init__(self, *, post_shutdown: bool) -> None:
        super().__init__()
        self._post_shutdown = post_shutdown

    def loadTestsFromTestCase(self, testCaseClass: type[unittest.TestCase]) -> unittest.TestSuite:
        if getattr(testCaseClass, "__post_shutdown_test__", False) != self._post_shutdown:
            return unittest.TestSuite()
        copied = type(
            testCaseClass.__name__,
            (testCaseClass,),
            {"__module__": testCaseClass.__module__, "__qualname__": testCaseClass.__qualname__},
        )
        return super().loadTestsFromTestCase(copied)


def _bind(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Callable[..., Any]:
    parameters = inspect.signature(function).parameters
    known = {name: value for name, value in arguments.items() if name in parameters}
    if not known:
        return function
    bound = functools.partial(function, **known)
    functools.update_wrapper(bound, function)
    return bound


def _rename(case: unittest.TestCase, name: str) -> None:
    setattr(case, name, getattr(case, case._testMethodName))
    case._testMethodName = name


def _suites(tests: Iterable[Any]) -> Iterator[Any]:
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield test
            yield from _suites(test)


def _cases(tests: Iterable[Any]) -> Iterator[unittest.TestCase]:
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from _cases(test)
        else:
            yield test


def _ready_actions(entities: Iterable[LaunchDescriptionEntity]) -> Iterator[ReadyToTest]:
    for entity in entities:
        if isinstance(entity, ReadyToTest):
            yield entity
        yield from _ready_actions(entity.describe_sub_entities())
        for _, sub_entities in entity.describe_conditional_sub_entities():
            yield from _ready_actions(sub_entities)
