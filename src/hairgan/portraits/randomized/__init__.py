"""Portraits for networks that are to work on photographs: the same drawn people under domain randomization.

Backgrounds, light, skin, clothes, framing and film vary far more than in photographs, so that a network trained on
them has to rely on what is the same in both (Wood et al. 2021, "Fake it till you make it: face analysis in the wild
using synthetic data alone"; Tobin et al. 2017, "Domain randomization for transferring deep neural networks"). The label
maps follow the habits of CelebAMask-HQ's annotators: smooth outlines, beards are skin, hands are background.

`portrait(seed, index, size)` is the whole set; the same arguments give the same bytes. Modules have the names of the
plain ones where they do the same job. The purposes of draws, e.g. "randomized/wardrobe", seed the pictures: they stay.
"""

from hairgan.portraits.randomized.render import portrait

__all__ = ["portrait"]
