"""The interface keeps to its own OpenAPI document: every route, with requests that fit it and requests that do not."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.api.house import House, house

from tidegate.api import create_app
from tidegate.control.access import Role

_NOT_YET_WIRED: Any = None
APP: Final = create_app(_NOT_YET_WIRED)
SCHEMA: Final = schemathesis.openapi.from_asgi("/v1/openapi.json", APP)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("schema")) as built:
        APP.state.services = built.services
        yield built


@pytest.fixture(scope="module")
def keys(home: House) -> dict[str, str]:
    return {"operator": home.key(Role.OPERATOR), "tenant": home.key(Role.TENANT, home.anna)}


@SCHEMA.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_route_keeps_to_the_document(case: Any, keys: dict[str, str]):
    for key in keys.values():
        # What fits the document may still be refused: a forged cursor, a pool that is not there, fields that exclude
        # each other. All else is checked: no fault of the server; documented status, type, shape and headers; what
        # does not fit is refused.
        case.call_and_validate(
            headers={"Authorization": f"Bearer {key}"}, excluded_checks=[positive_data_acceptance]
        )
