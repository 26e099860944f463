"""The scores of StarGAN v2 for all ordered pairs of domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PairScores:
    """Scores of all ordered pairs of domains.

    Attributes:
        values: `{mode}/{metric}/{source}2{target}` with `mean` in the pair's place for the mean over pairs;
            `sources/{source}2{target}`, the number of sources; with a classifier `{mode}/seen_as/{target}/{domain}`,
            the share of the outputs for a target that are recognized as a domain. A pair without sources has no value
            and is left out of the means.
        metrics: names of the values, e.g. `fid_embedded`.
        of_sources: values of single sources, by `{mode}/{metric}`, number of the target domain, and image.
    """

    values: Mapping[str, float]
    metrics: Sequence[str]
    of_sources: Mapping[tuple[str, int, int], float]

    def of_target(self, metric: str, target: int) -> dict[int, float]:
        """Values of the sources of a target domain, by image.

        Args:
            metric: `{mode}/{metric}`.
        """
        return {image: v for (name, number, image), v in self.of_sources.items() if (name, number) == (metric, target)}
