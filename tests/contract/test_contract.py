import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.installation.processes import ENVIRONMENT, imsop_up, open_directory

HERE = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def _rows_to_try(address: str) -> dict[str, str]:
    """A new organization with rows of several kinds: its token and their ids, by the config file's names."""
    with httpx.Client(base_url=f"{address}/api/v1", timeout=30) as http:

        def create(path: str, body: dict[str, object]) -> str:
            reply = http.post(path, json=body)
            assert reply.status_code == 201, reply.text
            return str(reply.json().get("id"))

        account = {"email": "admin@fuzzed.example", "password": "a long enough password"}
        create("/organizations", account | {"name": "Fuzzed"})
        token, spent = (http.post("/auth/token", json=account).json()["access_token"] for _ in range(2))
        http.headers["Authorization"] = f"Bearer {token}"
        stock = {
            "product_id": create("/products", {"sku": "P-1", "name": "Product"}),
            "warehouse_id": create("/warehouses", {"name": "Warehouse"}),
        }
        create("/inventory-transactions", stock | {"transaction_type": "receipt", "quantity": 9})
        return {
            "IMSOP_TOKEN": token,
            "IMSOP_SPENT_TOKEN": spent,
            "ORGANIZATION_ID": http.get("/organizations").json()["items"][0]["id"],
            "INVENTORY_ID": http.get("/inventory").json()["items"][0]["id"],
            "SHIPMENT_ID": create("/shipments", {"shipment_type": "inbound", "items": []}),
        }


@pytest.mark.timeout(300)
def test_the_server_conforms_to_its_openapi_document_for_any_input() -> None:
    limits = {
        "IMSOP_BCRYPT_COST": "4",
        "IMSOP_SIGN_IN_ATTEMPTS_PER_ADDRESS": "1000000",
        "IMSOP_LOG_LEVEL": "ERROR",
        "IMSOP_STREAM_SECONDS": "0",  # the fuzzer waits for the end of a response
    }
    with open_directory() as directory, imsop_up(directory / "data", **limits) as up:
        rows = _rows_to_try(up.address)
        fuzzed = subprocess.run(
            [
                SCHEMATHESIS,
                "--config-file",
                HERE / "schemathesis.toml",
                "run",
                f"{up.address}/api/openapi.json",
            ],
            cwd=HERE,
            env=ENVIRONMENT | rows | {"NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
    assert fuzzed.returncode == 0, f"{fuzzed.stdout[-12000:]}\n{fuzzed.stderr[-2000:]}\n{up.output[-3000:]}"
