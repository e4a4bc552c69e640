import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from imsop.core.settings import OTHER_VARIABLES, Settings, require_known_variables
from tests.installation.processes import imsop

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u:p@127.0.0.1:5433/x", "postgresql://u:p@127.0.0.1:5433/x"),
        ("postgresql://u:p@[::1]/x?sslmode=disable", "postgresql://u:p@[::1]/x?sslmode=disable"),
        ("postgresql://u:p@/x?host=/run/postgresql", "postgresql://u:p@/x?host=/run/postgresql"),
        ("postgresql://u:p@db.example/x", "postgresql://u:p@db.example/x?sslmode=verify-full"),
        (
            "postgresql://u:p@10.0.0.7/x?application_name=b",
            "postgresql://u:p@10.0.0.7/x?application_name=b&sslmode=verify-full",
        ),
        ("postgresql://u:p@db.example/x?sslmode=require", "postgresql://u:p@db.example/x?sslmode=require"),
    ],
)
def test_a_remote_database_is_contacted_with_tls(given: str, used: str) -> None:
    url = Settings(database_url=given).database_url  # type: ignore[arg-type]
    assert url
    assert url.get_secret_value() == used


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("postgresql://u:hidden@db.example/x?sslmode=disable", "clear text"),
        ("postgresql://u:hidden@db.example/x?sslmode=prefer", "clear text"),
        ("postgresql://u:hidden@localhost,db.example/x?sslmode=allow", "clear text"),
        ("postgresql://u:hidden@127.0.0.1/x?hostaddr=10.0.0.7", "hostaddr"),
        ("postgresql://u:hidden@/x", "must name a host"),
        ("postgresql://u:hidden@127.0.0.1", "and a database"),
        ("postgresql://127.0.0.1/x?password=hidden", "before the question mark"),
        ("postgresql://u:hid%zzden@127.0.0.1/x", "percent-encode"),
        ("mysql://u:hidden@127.0.0.1/x", "postgresql://"),
    ],
)
def test_an_invalid_database_url_is_refused_without_being_shown(given: str, why: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(database_url=given)  # type: ignore[arg-type]
    assert why in str(refusal.value)
    assert "hid" not in str(refusal.value)


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(Settings(database_url="postgresql://u:hidden@127.0.0.1/x"))  # type: ignore[arg-type]


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="prot"):
        Settings(prot=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("IMSOP_WORKER", "did you mean IMSOP_WORKERS?"),
        ("IMSOP_SIGNUP", "did you mean IMSOP_SIGN_UP?"),
        ("imsop_databse_url", "did you mean IMSOP_DATABASE_URL?"),
        ("IMSOP_XYZZY", "unknown setting"),
    ],
)
def test_an_unknown_variable_is_refused_with_a_suggestion(given: str, meant: str) -> None:
    with pytest.raises(ValueError, match=given) as refusal:
        require_known_variables(["PATH", "IMSOP_PORT", given])
    assert meant in str(refusal.value)


def test_every_variable_that_is_read_somewhere_is_known() -> None:
    require_known_variables(["imsop_workers", "HOME", *OTHER_VARIABLES])
    files = [
        ROOT / "Makefile",
        *(ROOT / "src").rglob("*.py"),
        ROOT / "tests/browser.py",
        ROOT / "tests/golden.py",
    ]
    read = {
        name
        for file in files
        for name in re.findall(r"(?:environ.*?|\$\(|if \$\()[\"(](IMSOP_[A-Z_]+)", file.read_text())
    }
    assert "IMSOP_CHROMIUM" in read
    require_known_variables(read)


@pytest.mark.parametrize("command", ["up", "psql", "doctor", "bench"])
def test_no_command_starts_with_a_misspelled_variable(command: str) -> None:
    done = imsop(command, IMSOP_SIGNUP="false")
    assert (done.returncode, done.stdout) == (1, "")
    assert "IMSOP_SIGNUP: unknown setting, did you mean IMSOP_SIGN_UP?" in done.stderr


@pytest.mark.parametrize(
    "url", ["smtp://me:pa/ss@mail.example", "smtp://me:pa#ss@mail.example", "mail.example"]
)
def test_a_mail_servers_password_is_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("IMSOP_MAIL_FROM", "a@b.example")
    monkeypatch.setenv("IMSOP_SMTP_URL", url)
    with pytest.raises(ValidationError, match="percent-encode") as refused:
        Settings()
    assert "'pa'" not in str(refused.value)
    assert url not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://imsop.example", "https://imsop.example"),
        ("https://example.com:8443/imsop/", "https://example.com:8443/imsop"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_links_begin_with_the_public_address(url: str, kept: str) -> None:
    assert Settings(public_url=url).public_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://imsop.example",
        "imsop.example",
        "https://",
        "https://me:secret@imsop.example",
        "https://imsop.example/?a=b",
        "https://imsop.example/#a",
        "https://imsop.example:x",
        "https://imsop.example/a b",
        "javascript:alert(1)",
    ],
)
def test_a_public_address_that_would_expose_links_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must have the form"):
        Settings(public_url=url)
