"""Many clients at once, as benchmarks/serving.py has more of: no errors, the same answers, nothing left waiting."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="serving needs the extra 'serve'")
pytest.importorskip("torch", reason="serving needs the extra 'serve'")
httpx = pytest.importorskip("httpx", reason="asked with httpx")

from segdata.serving.torch_engine import TorchEngine  # noqa: E402
from tests.browser import running  # noqa: E402
from tests.prediction.colours import ByNeighbours, noise, run_of  # noqa: E402
from tests.serving.served import SIZE_HW, app_of, mask_in, png  # noqa: E402


def test_8_clients_send_10_photos_each() -> None:
    photos = [png(noise(60 + number, 90, number), "JPEG") for number in range(4)]
    engine = TorchEngine(run_of(ByNeighbours(), SIZE_HW))
    with running(app_of(engine)) as url:

        def client(number: int) -> list[tuple[int, int, bytes]]:
            with httpx.Client(timeout=60) as connection:
                found = []
                for turn in range(10):
                    which = (number + turn) % len(photos)
                    files = {"file": (f"{which}.jpg", photos[which])}
                    answer = connection.post(f"{url}/predict", files=files)
                    found.append((which, answer.status_code, answer.content))
                return found

        with ThreadPoolExecutor(8) as clients:
            answers: list[Any] = [one for found in clients.map(client, range(8)) for one in found]
        alone = [httpx.post(f"{url}/predict", files={"file": ("a.jpg", photo)}).content for photo in photos]
        metrics = httpx.get(f"{url}/metrics").text
        assert httpx.get(f"{url}/healthz").json()["requests_under_way"] == 0
    assert len(answers) == 80 and {status for _, status, _ in answers} == {200}
    for number, content in enumerate(alone):
        assert mask_in(content).shape == (60 + number, 90)
        others = {found for which, _, found in answers if which == number}
        assert len(others) <= 2 and all(
            (mask_in(found) != mask_in(content)).mean() < 0.001 for found in others
        )
    assert 'segdata_photos_total{outcome="predicted"} 84.0' in metrics
    batches = float(re.findall(r"^segdata_batch_photos_count (\S+)", metrics, re.M)[0])
    assert 80 / 8 <= batches <= 84
