"""CIE Lab and the CIEDE2000 color difference, on tensors."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

_TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
_WHITE_D65 = (0.95047, 1.0, 1.08883)


def rgb_to_lab(rgb: Float[Tensor, "b 3 *rest"]) -> Float[Tensor, "b 3 *rest"]:
    """sRGB in [0, 1] to CIE Lab under D65 (2 degree observer): L in [0, 100]."""
    linear = torch.where(rgb > 0.04045, ((rgb.clamp_min(0) + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = torch.einsum("ij,bj...->bi...", rgb.new_tensor(_TO_XYZ), linear)
    xyz = xyz / rgb.new_tensor(_WHITE_D65).view(1, 3, *[1] * (rgb.ndim - 2))
    f = torch.where(xyz > 0.008856, xyz.clamp_min(0.008856) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = f.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def ciede2000(a: Float[Tensor, "b 3 *rest"], b: Float[Tensor, "b 3 *rest"]) -> Shaped[Tensor, "b ..."]:
    """CIEDE2000 difference of Lab colors (Sharma, Wu & Dalal 2005, eq. 2 to 22), with all weights 1; 0 or more.

    A difference of 1 is about the smallest that is visible, 2.3 is often called just noticeable, and 10 is obvious.
    """
    l1, a1, b1 = a.unbind(1)
    l2, a2, b2 = b.unbind(1)
    c_mean = (torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2
    g = 0.5 * (1 - torch.sqrt(c_mean**7 / (c_mean**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = torch.hypot(a1, b1), torch.hypot(a2, b2)
    h1, h2 = torch.atan2(b1, a1) % (2 * math.pi), torch.atan2(b2, a2) % (2 * math.pi)

    gray = c1 * c2 == 0
    dh = h2 - h1
    dh = torch.where(dh > math.pi, dh - 2 * math.pi, torch.where(dh < -math.pi, dh + 2 * math.pi, dh))
    dl, dc = l2 - l1, c2 - c1
    dh_term = 2 * torch.sqrt(c1 * c2) * torch.sin(torch.where(gray, 0.0, dh) / 2)

    l_mean, c_mean, h_sum = (l1 + l2) / 2, (c1 + c2) / 2, h1 + h2
    apart = (h1 - h2).abs() > math.pi
    h_mean = torch.where(apart, torch.where(h_sum < 2 * math.pi, h_sum + 2 * math.pi, h_sum - 2 * math.pi), h_sum) / 2
    h_mean = torch.where(gray, h_sum, h_mean)
    t = (
        1
        - 0.17 * torch.cos(h_mean - math.radians(30))
        + 0.24 * torch.cos(2 * h_mean)
        + 0.32 * torch.cos(3 * h_mean + math.radians(6))
        - 0.20 * torch.cos(4 * h_mean - math.radians(63))
    )
    s_l = 1 + 0.015 * (l_mean - 50) ** 2 / torch.sqrt(20 + (l_mean - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    turn = math.radians(60) * torch.exp(-(((torch.rad2deg(h_mean) - 275) / 25) ** 2))
    r_t = -torch.sin(turn) * 2 * torch.sqrt(c_mean**7 / (c_mean**7 + 25.0**7))
    dl, dc, dh_term = dl / s_l, dc / s_c, dh_term / s_h
    return torch.sqrt((dl**2 + dc**2 + dh_term**2 + r_t * dc * dh_term).clamp_min(0))
