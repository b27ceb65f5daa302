"""Write files so that a reader sees the old one or the new one, never a part."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Write a file whole or not at all."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.writing")
    aside.write_text(json.dumps(value))
    aside.rename(path)
