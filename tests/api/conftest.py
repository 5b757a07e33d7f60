"""The house that the tests of the HTTP interface share, module by module."""

from collections.abc import Iterator

import pytest
from tests.api.house import House, house


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as built:
        yield built
