"""How much a server takes on, in one place: what lies beyond is refused at once, in words.

Memory at the worst: `workers` photos of `megapixels` decoded in full, with their masks: 6 bytes a pixel for an 8-bit PNG,
10 for a progressive JPEG, 14 for a PNG of 16 bits with alpha. Uploads beyond 1 MiB lie in nameless temporary files.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one server takes.

    upload_mib      a photo's file, MiB
    batch_mib       all files of one batch request, MiB
    batch_photos    files of one batch request
    megapixels      a photo, millions of pixels
    places          requests under way at a time, uploads among them; then 503
    together        photos that go through the network at once
    workers         threads that decode photos and encode answers
    quiet_seconds   without a byte of an upload; then 408
    upload_seconds  for a whole upload
    results         predictions that the page can still download; the oldest go first
    results_mib     memory for them, MiB
    kept_mib        files of the page's uploads, kept for ten minutes, MiB; then 503
    scans           passes over the pixels that a JPEG may ask for; encoders write about ten
    """

    upload_mib: int = 32
    batch_mib: int = 256
    batch_photos: int = 64
    megapixels: int = 64
    places: int = 64
    together: int = 8
    workers: int = 2
    quiet_seconds: float = 10.0
    upload_seconds: float = 120.0
    results: int = 64
    results_mib: int = 128
    kept_mib: int = 1024
    scans: int = 64

    def lines(self) -> list[str]:
        """For people, in the API's documentation."""
        return [
            f"A photo: at most {self.upload_mib} MiB and {self.megapixels} million pixels (413 beyond).",
            f"A batch: at most {self.batch_photos} photos and {self.batch_mib} MiB (413 beyond).",
            f"Requests under way at a time: {self.places} (503 with Retry-After beyond).",
            f"An upload: no pause of more than {self.quiet_seconds:g} s, done in {self.upload_seconds:g} s (408 beyond).",
        ]
