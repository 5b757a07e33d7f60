"""From an event to a receiver that verifies it and a mail box that has it, over real connections."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from standardwebhooks import Webhook
from tests.post.test_hooks import Receiver, receiving
from tests.post.test_mail import Box, free_port

from tidegate.control.access import SYSTEM
from tidegate.control.courier import Clocks, Courier
from tidegate.control.seal import Seal
from tidegate.control.tenant_acts import create_tenant
from tidegate.control.webhook_acts import Webhooks
from tidegate.lease.events import Event
from tidegate.post import HttpSender, Mailer, MailServer
from tidegate.store import Database
from tidegate.store.access import SqlAccess


def wall_s() -> int:
    return int(time.time())


@pytest.fixture
def mail_box() -> Iterator[tuple[Box, int]]:
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, controller.port
    controller.stop()


@pytest.mark.enable_socket
def test_a_recall_reaches_the_receiver_and_the_mail_box(
    database: Database, mail_box: tuple[Box, int]
):
    box, port = mail_box
    seal, door = Seal(b"0123456789abcdef" * 2), SqlAccess(database)
    sender = HttpSender(["127.0.0.0/8"], allow_http=True)
    mailer = Mailer(MailServer("127.0.0.1", port, "none", "tidegate@fleet.example"))
    courier = Courier(door, seal, sender, mailer, Clocks(wall_s, wall_s))
    anna = create_tenant(door, SYSTEM, name="anna", email="anna@example.org", wall_s=1)
    with receiving() as receiver_port:
        made = Webhooks(door, seal, sender, wall_s).create(
            SYSTEM, f"http://127.0.0.1:{receiver_port}/", ("lease.noticed",), anna.id
        )
        with door.changing() as store:
            told: dict[str, Any] = {"take_s": 1_800_000_120}
            event = Event(1_800_000_000, "system:loop", "lease.noticed", "lea_1", told, anna.id)
            store.events.add([event])
        courier.work()
        headers, body = Receiver.got[0]
    sender.close()
    message = Webhook(made.secret).verify(body, headers)
    assert message["type"] == "lease.noticed"
    assert message["data"] == {"subject": "lea_1", "actor": "system:loop", "take_s": 1_800_000_120}
    recipients, mail = box.got[0]
    assert recipients == ["anna@example.org"]
    assert b"taken back at 2027-01-15 08:02:00 UTC" in mail.replace(b"=\r\n", b"")
