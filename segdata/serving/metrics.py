"""What Prometheus reads at /metrics: requests, photos, how long they took, how many waited, and the process itself.

segdata_requests_total{path="/predict",status="200"} 6400.0
segdata_request_seconds_bucket{le="0.25",path="/predict"} 6391.0
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "segdata_requests", "Requests answered.", ("path", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "segdata_request_seconds",
            "From the request's head to the answer's last byte.",
            ("path",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.photos = Counter(
            "segdata_photos", "Photos, by what became of them.", ("outcome",), registry=self.registry
        )
        self.pixels = Counter("segdata_pixels", "Pixels of the masks made.", registry=self.registry)
        self.batches = Histogram(
            "segdata_batch_photos",
            "Photos that went through the network together.",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=self.registry,
        )
        self.inside = Gauge(
            "segdata_requests_under_way", "Requests that hold a place.", registry=self.registry
        )
        self.model = Info("segdata_model", "What is served.", registry=self.registry)
