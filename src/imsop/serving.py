"""Runs the web server: binds its socket, starts its processes, and reports readiness."""

import gc
import json
import os
import resource
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from imsop.core import installation
from imsop.core.embedded import OperatorError
from imsop.core.installation import Installation
from imsop.core.server_process import stop_with_parent
from imsop.core.settings import Settings
from imsop.web.app import create_app
from imsop.web.edge.connection import Connection
from imsop.web.edge.intake import OPEN_FILES
from imsop.web.pages.identity.signing_in import DemoAccount

_GRACE_SECONDS = 10  # for requests in progress at shutdown
_POLL_SECONDS = 0.02


def bound(settings: Settings) -> socket.socket:
    """Binds the port early, so that a conflict fails before any slow step; `serve` starts listening.

    Raises OperatorError if the port is taken.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise OperatorError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}. Try another --port"
        ) from None
    listener.set_inheritable(True)
    return listener


def serve(
    settings: Settings,
    opened: Installation,
    listener: socket.socket,
    demo_accounts: Sequence[DemoAccount],
    when_healthy: Callable[[str], None],
) -> None:
    """Serves until SIGINT or SIGTERM; calls `when_healthy` with the URL once /health/ready succeeds.

    The sign-in page offers the `demo_accounts` to everybody.
    """
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    announcement = threading.Thread(target=_announce, args=(address, when_healthy), daemon=True)
    _allow_files()
    several = settings.workers > 1
    config = uvicorn.Config(
        "imsop.serving:worker_application" if several else _application(settings, opened, demo_accounts),
        factory=several,
        workers=settings.workers,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    announcement.start()
    if several:
        os.environ |= {
            "IMSOP_DATA_DIR": str(settings.data_dir),
            "IMSOP_SERVING_PARENT": str(os.getpid()),
            "IMSOP_SERVING_DEMO": json.dumps(demo_accounts),
        }
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


def _allow_files() -> None:
    """Raises the limit of open files: the usual 1,024 are few connections."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, min(most, OPEN_FILES)), most))


def worker_application() -> Any:
    """The ASGI application of one worker process; the process exits when its parent does."""
    stop_with_parent(int(os.environ.pop("IMSOP_SERVING_PARENT")), signal.SIGTERM)()
    demo_accounts = [DemoAccount(*account) for account in json.loads(os.environ.pop("IMSOP_SERVING_DEMO"))]
    settings = Settings()
    return _application(settings, installation.running(settings), demo_accounts)


def _application(settings: Settings, opened: Installation, demo_accounts: Sequence[DemoAccount]) -> Any:
    """Creates the application and exempts its objects from garbage collection: saves 70 ms per 100 pages."""
    made = create_app(settings, opened, demo_accounts)
    gc.freeze()
    return made


def _announce(address: str, when_healthy: Callable[[str], None]) -> None:
    asked = address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")  # noqa: S104 - named, not bound
    while True:
        try:
            with urllib.request.urlopen(f"{asked}/health/ready", timeout=5):  # noqa: S310 - http by construction
                when_healthy(address)
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(_POLL_SECONDS)
