"""The operator's acts: each shows what it would do, asks once, and can be undone by its opposite."""

from typing import Final

from tidegate.web.console.acts import coming, leasing, nodes, rules

ROUTERS: Final = (rules.router, leasing.router, coming.router, nodes.router)
