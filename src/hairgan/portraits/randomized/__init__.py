"""Portraits for training networks that work on photographs: the same drawn people with domain randomization.

Backgrounds, light, skin, clothes, framing and film vary far more than in photographs, so that a network trained on
them has to rely on what both have in common (Wood et al. 2021, "Fake it till you make it: face analysis in the wild
using synthetic data alone"; Tobin et al. 2017, "Domain randomization for transferring deep neural networks"). The label
maps follow the habits of CelebAMask-HQ's annotators: smooth outlines, beards are skin, hands are background.

`portrait(seed, index, size)` draws one person of an endless set; the same arguments give the same bytes.
`hard_portrait` adds cases in which parsers fail. Modules have the same names as those of plain portraits
where they have the same purpose. The purposes of draws, such as "randomized/wardrobe", seed the pictures and must not
be changed.
"""

from hairgan.portraits.randomized.render import hard_portrait, portrait

__all__ = ["hard_portrait", "portrait"]
