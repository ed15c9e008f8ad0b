"""The OpenAPI document says what the server does; schemathesis tries all of it."""

import re
import subprocess
import sys

import pytest

ERRORS = {"400", "401", "403", "408", "413", "415", "429", "503", "504"}


def test_every_error_is_in_the_document(server):
    paths = server.http.get("/openapi.json").json()["paths"]
    posts = {path: methods["post"] for path, methods in paths.items() if "post" in methods}
    assert set(posts) == {
        "/translate", "/detect", "/translate_file", "/v1/translate", "/v1/look",
        "/v1/alternatives", "/v1/stream", "/v1/classify", "/v1/attribute",
    }  # fmt: skip
    for path, said in posts.items():
        assert said["responses"].keys() >= ERRORS, path
        for status in ERRORS:
            schema = said["responses"][status]["content"]["application/json"]["schema"]
            assert schema["$ref"].endswith("/Told")
        assert said["requestBody"]["required"] and said["description"]
    assert all("422" not in m["responses"] for path in paths.values() for m in path.values())


@pytest.mark.slow
def test_schemathesis_finds_no_fault_of_the_server(alone, both):
    """Its full run, good and bad requests: no 5xx, statuses and bodies as the document says."""
    pytest.importorskip("schemathesis")
    here = alone(both)
    checks = [
        "not_a_server_error", "status_code_conformance", "content_type_conformance",
        "response_schema_conformance", "negative_data_rejection",
    ]  # fmt: skip
    program = "from schemathesis.cli import schemathesis; schemathesis()"
    done = subprocess.run(
        [
            sys.executable, "-c", program, "run", f"{here.url}/openapi.json",
            "--checks", ",".join(checks), "--max-examples", "100", "--seed", "1",
            "--continue-on-failure", "--no-color", "--suppress-health-check", "all",
        ],
        capture_output=True, text=True, timeout=3000,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    told = here.http.get("/metrics").text
    statuses = re.findall(r'regard_requests_total{route="[^"]+",status="(\d+)"} [1-9]', told)
    assert "200" in statuses and "400" in statuses and max(statuses) < "500"
