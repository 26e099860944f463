"""All benchmarks by name, with the module that makes their tables.

A module has a function `tables(settings) -> Iterator[Table]`. A new benchmark needs a line here, and its tables appear
in `docs/performance.md` where that page has the line `<!-- benchmark NAME -->`.
"""

from __future__ import annotations

BENCHMARKS: dict[str, str] = {
    "stargan": "StarGAN v2: training step by phase, inference",
    "sean": "SEAN: forward pass, another style on the same layout, training step",
    "face_parser": "BiSeNet: parsing, training step",
    "hair_classifier": "ResNet-34 with CBAM: classifying, training step",
    "salon": "dye and restyle, against the published pipeline written plainly",
    "evaluation": "StarGAN v2's evaluation, against the published one written plainly",
    "data": "packed reading, order of an epoch, packing of raw data, drawn portraits",
    "execution": "ways to compute the training step of an experiment: bfloat16, channels-last, compiled",
    "options": "StarGAN v2's options that change its mathematics: short trainings",
    "memory": "the effect of keeping freed memory",
    "start_up": "CPU seconds of help, mistakes, imports and the first step of a run",
    "growth": "time and memory over batch, size, domains and images",
}
"""Name of a benchmark and of its module in this package -> what it measures."""
