"""What a GraphQL query costs (documentation "Rate limits and query limits for the GraphQL API").

Of each connection counts how often it is asked for: the product of the page sizes around it. The
nodes are that times its own page size. A query costs a hundredth of its requests, at least one
point; an hour has 5,000 points for each token, and a query may ask for 500,000 nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from testbed.forge.errors import ApiError

MOST_NODES = 500_000
POINTS = 5_000


@dataclass(kw_only=True)
class Cost:
    """Requests and nodes that a query may come to."""

    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        """What it costs."""
        return max(round(self.requests / 100), 1)


def of(document: DocumentNode, name: str | None, variables: Mapping[str, Any]) -> Cost:
    """Add up an operation."""
    fragments = {
        node.name.value: node.selection_set
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    cost = Cost()
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and _asked(node, name):
            _Walk(cost, fragments, variables).selections(node.selection_set, 1)
    return cost


def _asked(node: OperationDefinitionNode, name: str | None) -> bool:
    return name is None or (node.name is not None and node.name.value == name)


def demand(cost: Cost, used: int) -> None:
    """Refuse what asks for too many nodes, or exceeds the hour's points.

    Raises:
        ApiError: with GitHub's kind.
    """
    if cost.nodes > MOST_NODES:
        text = (
            f"This query requests up to {cost.nodes:,} possible nodes which exceeds the maximum "
            f"limit of {MOST_NODES:,}."
        )
        raise ApiError(status=200, message=text, kind="MAX_NODE_LIMIT_EXCEEDED")
    if used + cost.points > POINTS:
        text = "API rate limit exceeded for this token."
        raise ApiError(status=200, message=text, kind="RATE_LIMITED")


class _Walk:
    def __init__(
        self, cost: Cost, fragments: Mapping[str, SelectionSetNode], variables: Mapping[str, Any]
    ) -> None:
        self._cost, self._fragments, self._variables = cost, fragments, variables

    def selections(self, node: SelectionSetNode | None, times: int) -> None:
        for each in node.selections if node else ():
            if isinstance(each, FragmentSpreadNode):
                self.selections(self._fragments.get(each.name.value), times)
            elif isinstance(each, InlineFragmentNode):
                self.selections(each.selection_set, times)
            elif isinstance(each, FieldNode):
                self._field(each, times)

    def _field(self, node: FieldNode, times: int) -> None:
        size = self._size(node)
        if size:
            self._cost.requests += times
            self._cost.nodes += times * size
        self.selections(node.selection_set, times * (size or 1))

    def _size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in {"first", "last"}:
                value = argument.value
                if isinstance(value, IntValueNode):
                    return int(value.value)
                if isinstance(value, VariableNode):
                    return int(self._variables.get(value.name.value) or 0)
        return 0
