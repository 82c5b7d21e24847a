"""The action that runs a lifecycle node, hears its transitions and asks for them."""

from __future__ import annotations

import threading
from typing import Any

from launch import (
    Event,
    EventHandler,
    LaunchContext,
    LaunchDescriptionEntity,
    SomeSubstitutionsType,
)
from launch.actions import OpaqueFunction
from launch.logging import get_logger

from ..events.lifecycle import ChangeState, StateTransition
from ..ros_adapters import get_ros_node
from .node import Node

# How often a wait for the node looks whether the launched system is stopping.
CHECK_PERIOD_S = 0.2


class LifecycleNode(Node):
    """A node whose transitions become StateTransition events and that obeys ChangeState events.

    Name and namespace are needed, because the node's topics and services are used.
    """

    def __init__(
        self, *, name: SomeSubstitutionsType, namespace: SomeSubstitutionsType, **kwargs: Any
    ) -> None:
        super().__init__(name=name, namespace=namespace, **kwargs)
        self._subscription: Any = None
        self._client: Any = None

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Begin to run the node, already listening."""
        from lifecycle_msgs.msg import TransitionEvent
        from lifecycle_msgs.srv import ChangeState as ChangeStateService

        self._perform_substitutions(context)
        node = get_ros_node(context)
        loop = context.asyncio_loop
        if loop is None:
            raise RuntimeError("LifecycleNode executed without a running launch service")

        def on_transition(message: TransitionEvent) -> None:
            event = StateTransition(action=self, msg=message)
            try:
                loop.call_soon_threadsafe(context.emit_event_sync, event)
            except RuntimeError:  # the loop is closed, the launch is over
                pass

        self._subscription = node.create_subscription(
            TransitionEvent, f"{self.node_name}/transition_event", on_transition, 10
        )
        self._client = node.create_client(ChangeStateService, f"{self.node_name}/change_state")
        context.register_event_handler(
            EventHandler(
                matcher=self._is_asked, entities=[OpaqueFunction(function=self._change_state)]
            )
        )
        return super().execute(context)

    def _is_asked(self, event: Event) -> bool:
        return isinstance(event, ChangeState) and event.lifecycle_node_matcher(self)

    def _change_state(self, context: LaunchContext) -> None:
        transition_id = context.locals.event.transition_id
        loop = context.asyncio_loop
        assert loop is not None
        context.add_completion_future(
            loop.run_in_executor(None, self._call_change_state, transition_id, context)
        )

    def _call_change_state(self, transition_id: int, context: LaunchContext) -> None:
        """Ask the node, in a thread of its own; give up when the system is stopping."""
        logger = get_logger(__name__)
        name = self._client.srv_name
        while not self._client.wait_for_service(timeout_sec=CHECK_PERIOD_S):
            if context.is_shutdown:
                logger.warning(f"Abandoning wait for the '{name}' service, due to shutdown.")
                return
        request = self._client.srv_type.Request()
        request.transition.id = transition_id
        answered = threading.Event()
        response = self._client.call_async(request)
        response.add_done_callback(lambda _: answered.set())
        while not answered.wait(CHECK_PERIOD_S):
            if context.is_shutdown:
                logger.warning(
                    f"Abandoning wait for the '{name}' service response, due to shutdown."
                )
                response.cancel()
                return
        if not response.result().success:
            logger.error(
                f"Failed to make transition '{ChangeState.transition_name(transition_id)}' for "
                f"LifecycleNode '{self.node_name}'"
            )
