"""Mails of documents, with a mail server on loopback."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from imsop.core.jobs import run_now
from imsop.core.settings import Settings
from imsop.documents.mails.jobs import SEND_MAIL
from imsop.web.pages.purchasing import mail
from tests import factories, states
from tests.conftest import TestDatabase
from tests.factories import Member, accepted
from tests.mail_server import MailServer
from tests.pages.browsing import signed_in
from tests.purchasing.buying import RECEIPTS, arrived, sent
from tests.states import Line, purchase_order


async def submitted(admin: Member, *, email: str = "sales@supplier.example", country: str = "Peru") -> UUID:
    supplier = (await factories.supplier(admin, email=email, country=country))["id"]
    product = (await factories.product(admin))["id"]
    return await purchase_order(admin, supplier, "submitted", Line(product), number="PO-7")


async def waiting(superuser: Any, owner: Member) -> list[dict[str, str]]:
    """Arguments of the jobs that send the organization's mails."""
    jobs = await superuser.fetch(
        "SELECT args ->> 'mail_id' AS mail_id FROM queue.procrastinate_jobs"
        " WHERE organization_id = $1 AND task_name = 'send_mail'",
        owner.organization_id,
    )
    return [dict(job) for job in jobs]


async def run_mails(database: TestDatabase, superuser: Any, owner: Member, *, attempt: int = 1) -> None:
    """Runs the waiting jobs, as a worker would."""
    jobs = await waiting(superuser, owner)
    assert jobs
    for job in jobs:
        await run_now(database.installation, SEND_MAIL, owner.organization_id, job, attempt=attempt)


MAIL = {"recipient": "a@b.example", "subject": "Bestellung PO-7", "body": "Grüße", "language": "de"}


async def test_an_order_is_sent_as_displayed(
    database: TestDatabase, superuser: Any, admin: Member, mail_server: MailServer
) -> None:
    order = await submitted(admin)
    made = accepted(await admin.post(f"purchase-orders/{order}/mails", MAIL), 201)
    assert (made["sent_at"], made["error"]) == (None, None)
    await run_mails(database, superuser, admin)
    await run_mails(database, superuser, admin)  # a repeated job
    (message,) = mail_server.messages
    assert message["To"] == "a@b.example"
    assert mail_server.recipients == ["a@b.example"]
    assert message["Subject"] == "Bestellung PO-7"
    assert message["From"].addresses[0].addr_spec == "orders@acme.example"
    assert message["Reply-To"] == admin.email
    body = message.get_body()
    assert body is not None
    assert body.get_content().strip() == "Grüße"
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "PO-7.pdf"
    here = await signed_in(admin)
    (row,) = accepted(await admin.get(f"purchase-orders/{order}/mails"))["items"]
    assert row["sent_at"] is not None
    shown = await here.get(f"/purchase-orders/{order}/mails/{row['id']}/document.pdf")
    assert attachment.get_content() == shown.content
    assert shown.content.startswith(b"%PDF")
    page = (await here.get(f"/purchase-orders/{order}")).text
    assert "a@b.example" in page
    assert f"/purchase-orders/{order}/mails/{row['id']}/document.pdf" in page


@pytest.mark.parametrize(
    ("reply", "is_refused"), [("451 try again later", False), ("554 we do not want this", True)]
)
async def test_the_servers_error_is_stored_and_only_transient_ones_are_retried(
    database: TestDatabase,
    superuser: Any,
    admin: Member,
    mail_server: MailServer,
    reply: str,
    is_refused: bool,
) -> None:
    order = await submitted(admin)
    accepted(await admin.post(f"purchase-orders/{order}/mails", MAIL), 201)
    mail_server.reply = reply
    if is_refused:
        await run_mails(database, superuser, admin)
    else:
        with pytest.raises(Exception, match="try again later"):
            await run_mails(database, superuser, admin)
    (row,) = accepted(await admin.get(f"purchase-orders/{order}/mails"))["items"]
    assert row["sent_at"] is None
    assert (row["refused_at"] is not None) == is_refused
    assert reply[4:] in row["error"]
    mail_server.reply = "250 OK"
    await run_mails(database, superuser, admin)
    (row,) = accepted(await admin.get(f"purchase-orders/{order}/mails"))["items"]
    assert (row["sent_at"] is None) == is_refused
    assert len(mail_server.messages) == (0 if is_refused else 1)


async def test_a_failure_to_authenticate_is_retried(
    database: TestDatabase, superuser: Any, admin: Member, mail_server: MailServer
) -> None:
    order = await submitted(admin)
    accepted(await admin.post(f"purchase-orders/{order}/mails", MAIL), 201)
    mail_server.reply_to_sender = "530 authentication required"
    with pytest.raises(Exception, match="authentication required"):
        await run_mails(database, superuser, admin)
    (row,) = accepted(await admin.get(f"purchase-orders/{order}/mails"))["items"]
    assert (row["sent_at"], row["refused_at"]) == (None, None)
    with pytest.raises(Exception, match="authentication required"):
        await run_mails(database, superuser, admin, attempt=SEND_MAIL.attempts)
    (row,) = accepted(await admin.get(f"purchase-orders/{order}/mails"))["items"]
    assert row["refused_at"] is not None  # nobody tries any more


async def test_mails_per_hour_are_limited(admin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsop.web.pages.purchasing.mail.MAILS_PER_HOUR", 2)
    order = await submitted(admin)
    replies = [await admin.post(f"purchase-orders/{order}/mails", MAIL) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [201, 201, 429]
    assert len(accepted(await admin.get(f"purchase-orders/{order}/mails"))["items"]) == 2


async def test_concurrent_posts_each_return_their_own_mail(admin: Member) -> None:
    order = await submitted(admin)
    asked = [MAIL | {"subject": f"Subject {number}"} for number in range(6)]
    replies = await asyncio.gather(*(admin.post(f"purchase-orders/{order}/mails", mail) for mail in asked))
    assert [accepted(reply, 201)["subject"] for reply in replies] == [mail["subject"] for mail in asked]


async def test_two_workers_send_a_mail_once(
    database: TestDatabase, superuser: Any, admin: Member, mail_server: MailServer
) -> None:
    order = await submitted(admin)
    accepted(await admin.post(f"purchase-orders/{order}/mails", MAIL), 201)
    (job,) = await waiting(superuser, admin)
    run = (run_now(database.installation, SEND_MAIL, admin.organization_id, job) for _ in range(8))
    await asyncio.gather(*run)
    assert len(mail_server.messages) == 1


async def test_the_page_proposes_a_text_in_the_suppliers_language(admin: Member) -> None:
    order = await submitted(admin, country="Deutschland")
    here = await signed_in(admin)
    page = await here.get(f"/purchase-orders/{order}/mail")
    assert "Bestellung PO-7" in page.text
    assert 'value="sales@supplier.example"' in page.text
    assert "Purchase order PO-7" in (await here.get(f"/purchase-orders/{order}/mail?language=en")).text
    wrong = await here.fill(
        page, f"/purchase-orders/{order}/mail", recipient="nobody", subject="S", body="kept"
    )
    assert wrong.status_code == 422
    assert "kept" in wrong.text
    fields = {"recipient": "x@y.example", "subject": "S", "body": "B"}
    for _ in range(2):  # a double click
        sent = await here.fill(page, f"/purchase-orders/{order}/mail", **fields)
        assert sent.status_code == 303, sent.text
    (row,) = accepted(await admin.get(f"purchase-orders/{order}/mails"))["items"]
    assert (row["recipient"], row["body"]) == ("x@y.example", "B")


async def test_a_reminder_names_all_lines_the_supplier_is_late_with(
    admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplier = await factories.supplier(admin, country="Deutschland")
    late = await sent(admin, 10, 5, supplier_id=supplier["id"], expected_delivery_date="2026-03-20")
    other = await sent(admin, 7, supplier_id=supplier["id"], expected_delivery_date="2026-03-05")
    await sent(admin, 3, supplier_id=supplier["id"], expected_delivery_date="2199-01-01")
    await admin.create(RECEIPTS, arrived(late, 4, 5))
    here = await signed_in(admin)
    path = f"/purchase-orders/{late['id']}"
    assert f"{path}/mail?text=reminder" in (await here.get(path)).text
    page = await here.get(f"{path}/mail?text=reminder")
    text = page.text
    named = [line for line in text.splitlines() if "fällig am" in line]
    expected = [
        (other["po_number"], "05.03.2026", 7, other["items"][0]["sku"]),
        (late["po_number"], "20.03.2026", 6, late["items"][0]["sku"]),
    ]
    assert [line.partition(" Product")[0].rpartition(">")[2] for line in named] == [
        f"{number}, fällig am {day}: {still_open} von {sku}" for number, day, still_open, sku in expected
    ]
    refused = await here.fill(page, f"{path}/mail", recipient="nobody", subject="S", body="kept")
    assert refused.status_code == 422
    assert "?language=en&amp;text=reminder" in refused.text
    monkeypatch.setattr(mail, "CHARACTERS_REMINDED", 150)
    cut = (await here.get(f"{path}/mail?text=reminder")).text
    assert other["items"][0]["sku"] in cut
    assert late["items"][0]["sku"] not in cut
    assert "Es sind noch mehr" in cut


async def test_without_a_mail_server_the_page_offers_text_and_pdf(database: TestDatabase) -> None:
    async with factories.running(database.installation, smtp_url=None) as app:
        admin = await factories.sign_up(app)
        order = await submitted(admin)
        here = await signed_in(admin)
        page = (await here.get(f"/purchase-orders/{order}/mail")).text
        assert "mailto:sales@supplier.example?" in page.replace("%40", "@")
        assert "subject=Purchase%20order%20PO-7&amp;body=Dear%20Sir%20or%20Madam%2C%0D%0A" in page
        assert f"/purchase-orders/{order}/order.pdf" in page
        refused = await admin.post(f"purchase-orders/{order}/mails", MAIL)
        assert refused.status_code == 409
        assert "IMSOP_SMTP_URL" in refused.json()["detail"]


async def test_a_draft_is_not_sent(admin: Member) -> None:
    supplier = (await factories.supplier(admin))["id"]
    product = (await factories.product(admin))["id"]
    draft = await purchase_order(admin, supplier, "draft", Line(product))
    assert (await admin.post(f"purchase-orders/{draft}/mails", MAIL)).status_code == 409
    await states.in_state(admin, "purchase_orders", draft, "submitted")
    assert (await admin.post(f"purchase-orders/{draft}/mails", MAIL)).status_code == 201
    for field, values in {
        "subject": ["Hello\r\nBcc: all@the.world", "Hello\u2028Bcc: x@y.z", "\u0085"],
        "recipient": ["a:b@c.example", "a<x@c.example", "a(b@c.example", "a;b@c.example", "a,b@c.example"],
    }.items():
        for value in values:
            refused = await admin.post(f"purchase-orders/{draft}/mails", MAIL | {field: value})
            assert [error["field"] for error in accepted(refused, 422)["errors"]] == [field], value


@pytest.mark.parametrize(
    ("url", "tls", "port"),
    [
        ("smtp://127.0.0.1:2525", "none", 2525),
        ("smtp://u:p%40ss@mail.example", "starttls", 587),
        ("smtps://mail.example", "implicit", 465),
    ],
)
def test_mail_leaves_this_machine_only_encrypted(
    monkeypatch: pytest.MonkeyPatch, url: str, tls: str, port: int
) -> None:
    monkeypatch.setenv("IMSOP_SMTP_URL", url)
    monkeypatch.setenv("IMSOP_MAIL_FROM", "a@b.example")
    server = Settings().mail_server()
    assert server is not None
    assert (server.tls, server.port) == (tls, port)
    assert server.password == ("p@ss" if "@mail" in url else None)
