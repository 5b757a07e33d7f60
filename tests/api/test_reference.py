"""The pages about the interface: their tables are generated, their examples run."""

import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.house import House
from tests.api.reference import PAGE, filled

from tidegate.control.access import Role
from tidegate.control.seal import Seal
from tidegate.control.webhooks import Delivery, Endpoint, body_of, signed_headers

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "api.md"


def test_the_reference_lists_every_route_and_right():
    page = PAGE.read_text("utf-8")
    assert page == filled(page), "run: python -m tests.api.reference"


def test_the_guides_examples_run_top_to_bottom(
    home: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    class HouseClient(httpx.Client):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given, transport=home.transport)

    monkeypatch.setattr(httpx, "Client", HouseClient)
    monkeypatch.setenv("TIDEGATE_URL", "http://tidegate.test")
    monkeypatch.setenv("TIDEGATE_API_KEY", home.key(Role.TENANT, home.anna))
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S)
    assert len(blocks) > 7
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)
    printed = capsys.readouterr().out
    assert printed.startswith("tenant\n")
    assert "Yours for 6 hours" in printed

    # The receiver of the guide verifies what is really sent, and nothing else.
    secret = names["hook"]["secret"]
    seal = Seal(b"s" * 32)
    endpoint = Endpoint("whk_1", None, "", (), seal.encrypt("webhook", secret), 1)
    body = body_of("lease.noticed", 1_800_000_000, {"subject": "lea_1"})
    delivery = Delivery("dlv_1", "whk_1", None, 1, "lease.noticed", body, 1, 1)
    headers = dict(signed_headers(seal, endpoint, delivery, int(time.time())))
    assert names["receive"](headers, body) == ("lease.noticed", {"subject": "lea_1"})
    with pytest.raises(Exception, match="No matching signature"):
        names["receive"](headers, body.replace("lea_1", "lea_2"))
