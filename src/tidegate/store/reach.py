"""The one place where a query is held to what somebody may see."""

from typing import Any

import sqlalchemy as sa

from tidegate.control.access import Reach


def within(
    statement: sa.Select[Any], tenant_id: sa.ColumnElement[Any], reach: Reach
) -> sa.Select[Any]:
    """Statement that finds only rows within reach.

    Parameters
    ----------
    tenant_id : sqlalchemy.ColumnElement
        The column that says whose a row is.
    """
    return statement if reach.tenant_id is None else statement.where(tenant_id == reach.tenant_id)
