"""The receivers in the docs accept what is sent here, and nothing else."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from classifier.models import Webhook
from classifier.tests.webhooks.receiver import Got, Receiver
from classifier.webhooks.services import webhook_secret_roll, webhook_test

Delivered = tuple[str, Got]


def block(language: str) -> str:
    """The fenced block of this language about signatures."""
    page = (Path(settings.BASE_DIR) / "docs" / "api" / "webhooks.md").read_text()
    section = page.partition("\n## Check the signature\n")[2].partition("\n## ")[0]
    found = re.search(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert found is not None, language
    return found.group(1)


@pytest.fixture
def delivered(
    add_webhook: Callable[..., tuple[Webhook, str]], receiver: Receiver, deliver: Callable[[], None]
) -> Delivered:
    """A secret and a message that it has signed beside a newer one."""
    webhook, secret = add_webhook(receiver.url)
    webhook_secret_roll(webhook=webhook, by=None)
    webhook_test(webhook=webhook, by=None)
    deliver()
    return secret, receiver.got[0]


def test_the_python_one(delivered: Delivered) -> None:
    secret, got = delivered
    place: dict[str, Any] = {}
    exec(block("python"), place)
    verified = place["verified"]
    assert verified(secret, got.headers, got.body)["type"] == "test"
    with pytest.raises(ValueError, match="wrong"):
        verified(secret, got.headers, got.body + b" ")
    with pytest.raises(ValueError, match="wrong"):
        verified("whsec_" + base64.b64encode(b"x" * 32).decode(), got.headers, got.body)
    with pytest.raises(ValueError, match="old"):
        verified(secret, {**got.headers, "webhook-timestamp": "1614265330"}, got.body)


def test_the_javascript_one(delivered: Delivered, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed; this test needs Node 20 or later")
    secret, got = delivered
    (tmp_path / "verified.mjs").write_text(block("javascript"))
    (tmp_path / "main.mjs").write_text(
        'import { verified } from "./verified.mjs";\n'
        "const { secret, headers, body, old } = JSON.parse(process.argv[2]);\n"
        "const said = (...given) => { try { return verified(...given).type } catch (e) { return e.message } };\n"
        'console.log(said(secret, headers, Buffer.from(body)) + "|" + said(secret, headers, Buffer.from(body + " "))'
        ' + "|" + said(secret, old, Buffer.from(body)));\n'
    )
    told = {
        "secret": secret,
        "headers": got.headers,
        "body": got.body.decode(),
        "old": {**got.headers, "webhook-timestamp": "1614265330"},
    }
    command = [node, str(tmp_path / "main.mjs"), json.dumps(told)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "test|the signature is wrong|the message is old"
