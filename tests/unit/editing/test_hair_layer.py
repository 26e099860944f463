"""New hair over a photo without its hair."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hairgan.editing.color import LabColor, hair_color, rgb_to_lab
from hairgan.editing.drawn_donors import drawn_donor
from hairgan.editing.ears import ear_shading, without_far_ear
from hairgan.editing.grain import grain
from hairgan.editing.hair_layer import layer_hair
from hairgan.editing.hair_texture import KEPT_FROM, MAX_STRETCH, HairWarp, hair_texture
from hairgan.editing.masks import grown
from hairgan.editing.new_hair import HairLayouter, WantedShape
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.plate import remove_hair
from hairgan.editing.salon import Salon
from hairgan.editing.wanted_color import WantedColor
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.photos.alignment import whole_photo
from hairgan.regions import PALETTE, Region
from tests.unit.heads import PaletteParser, WearsReference, draw_labels, paint_head

SIDE = 128
BALD = np.zeros((SIDE, SIDE), np.float32)
"""No new hair."""


def parsed(labels: np.ndarray, hair: tuple[int, int, int]) -> ParsedPhoto:
    picture = paint_head(labels, hair=hair)
    return ParsedPhoto(picture, whole_photo(SIDE, SIDE, SIDE), picture, labels, (labels == Region.HAIR).astype("f4"))


@pytest.fixture
def long_haired() -> ParsedPhoto:
    return parsed(draw_labels(SIDE, length=0.9), (150, 84, 214))


@pytest.fixture
def short_haired() -> ParsedPhoto:
    return parsed(draw_labels(SIDE, length=0.45), (110, 50, 170))


def test_the_plate_shows_what_is_beside_the_hair(long_haired) -> None:
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.BACKGROUND)] = 1
    plate = remove_hair(long_haired, uncovered, BALD, SIDE)
    hair = long_haired.labels == Region.HAIR
    assert np.abs(plate.picture[hair] - PALETTE[Region.BACKGROUND]).mean() < 6
    np.testing.assert_array_equal(plate.picture[plate.changed == 0], long_haired.crop[plate.changed == 0])
    assert (plate.changed[hair] == 1).all() and (plate.changed == 0).mean() > 0.2


def test_a_larger_plate_has_the_crops_own_pixels_and_soft_edges(long_haired) -> None:
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.BACKGROUND)] = 1
    plate = remove_hair(long_haired, uncovered, BALD, 2 * SIDE)
    crop = long_haired.crop_at(2 * SIDE)
    np.testing.assert_array_equal(plate.picture[plate.changed == 0], crop[plate.changed == 0])
    steps = np.abs(np.diff(plate.changed, axis=1)).max()
    assert steps < 0.75 and plate.changed.shape == (
        2 * SIDE,
        2 * SIDE,
    )


def test_a_crop_without_hair_is_its_own_plate() -> None:
    bald = parsed(draw_labels(SIDE, length=0), (0, 0, 0))
    plate = remove_hair(bald, np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32), BALD, SIDE)
    np.testing.assert_array_equal(plate.picture, bald.crop)
    assert not plate.changed.any()


def test_loose_strands_and_the_forehead_beside_the_hair_go_with_it(long_haired) -> None:
    """A strand that the parser gives a small share of hair, beside the hair; and a dark crack in the forehead."""
    labels, picture = long_haired.labels, long_haired.crop.copy()
    skin = labels == Region.SKIN
    hair = labels == Region.HAIR
    eyes = np.flatnonzero(np.isin(labels, (Region.L_EYE, Region.R_EYE)).any(axis=1))[0]
    beside = skin & (cv2.dilate(hair.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    beside[eyes - 2 :] = False
    assert beside.sum() > 10
    picture[beside] = 20
    background = labels == Region.BACKGROUND
    strand = background & (cv2.dilate(hair.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0)
    picture[strand] = (150, 84, 214)
    share = np.maximum(long_haired.hair, 0.6 * strand).astype(np.float32)
    photo = replace(long_haired, photo=picture, crop=picture, hair=share)
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.SKIN)] = 1
    plate = remove_hair(photo, uncovered, BALD, SIDE)
    assert np.abs(np.median(plate.picture[beside], axis=0) - PALETTE[Region.SKIN]).max() < 12
    assert np.abs(plate.picture[strand].mean(0) - PALETTE[Region.BACKGROUND]).max() < 25


def test_no_dark_line_is_left_where_the_old_hair_ended(long_haired) -> None:
    """Skin gets darker toward hair, from a distance of 4 % of the side on; the plate is nowhere darker than that."""
    hair, skin = long_haired.labels == Region.HAIR, long_haired.labels == Region.SKIN
    distance = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    light = (0.7 + 0.3 * distance / (0.04 * SIDE)).clip(0.7, 1)
    crop = np.where(skin[..., None], long_haired.crop * light[..., None], long_haired.crop).astype(np.uint8)
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.SKIN)] = 1
    plate = remove_hair(replace(long_haired, crop=crop, photo=crop), uncovered, BALD, SIDE)
    eyes = np.flatnonzero(np.isin(long_haired.labels, (Region.L_EYE, Region.R_EYE)).any(axis=1))[0]
    forehead = skin & (np.arange(SIDE)[:, None] < eyes - 4)
    line = forehead & (distance > 0) & (distance < 0.06 * SIDE)
    before, after = crop[line].mean(axis=1), plate.picture[line].mean(axis=1)
    full = PALETTE[Region.SKIN].mean()
    assert np.percentile(before, 5) < 0.8 * full and np.percentile(after, 5) > 0.95 * full


def test_a_filled_part_has_the_grain_of_what_is_beside_it() -> None:
    random = np.random.default_rng(0)
    picture = np.full((SIDE, SIDE, 3), 120, np.float32)
    picture[:, : SIDE // 2] += random.normal(0, 5, (SIDE, SIDE // 2, 3)).astype(np.float32)
    left = np.zeros((SIDE, SIDE), bool)
    left[:, : SIDE // 2] = True
    made = grain(picture, left)
    assert 3 < made.std() < 6 and abs(made.mean()) < 0.5
    np.testing.assert_array_equal(made, grain(picture, left))
    assert np.abs(grain(picture, ~left)[:, 40:]).max() < 1e-3
    assert not grain(picture, left & (np.arange(SIDE) % 4 > 0)).any()  # no room for a whole patch


def test_the_plate_has_the_grain_of_the_photo(long_haired) -> None:
    noise = np.random.default_rng(0).normal(0, 8, (SIDE, SIDE, 1))
    crop = (long_haired.crop + noise).clip(0, 255).astype(np.uint8)
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.BACKGROUND)] = 1
    labels = long_haired.labels
    plate = remove_hair(replace(long_haired, crop=crop, photo=crop), uncovered, BALD, SIDE).picture
    deep = cv2.erode((labels == Region.HAIR).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    fine = (plate - cv2.GaussianBlur(plate, (0, 0), 2)).mean(axis=2)
    assert fine[deep].std() > 0.5 * fine[labels == Region.BACKGROUND].std() > 1


@pytest.mark.parametrize("side", [-1, 1])
def test_an_ear_that_nobody_saw_is_hollow_beside_the_face(side) -> None:
    labels = draw_labels(SIDE, length=0)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    u, v = (x - 0.5 - side * 0.23) / 0.04, (y - 0.52) / 0.08
    shading = ear_shading((np.hypot(u, v) < 1).astype(np.float32), labels)
    hollow, rim = np.hypot(u + side * 0.3, v) < 0.3, (np.hypot(u, v) > 0.9) & (np.hypot(u, v) < 1) & (u * side > 0)
    assert shading[hollow].mean() < 0.88 and shading[rim].mean() > 0.95


def test_the_grain_of_skin_has_no_beard() -> None:
    random = np.random.default_rng(0)
    picture = np.full((SIDE, SIDE, 3), 120, np.float32) + random.normal(0, 2, (SIDE, SIDE, 3)).astype(np.float32)
    picture[SIDE // 2 :][random.random((SIDE // 2, SIDE)) < 0.15] = 60
    assert 1 < grain(picture, np.ones((SIDE, SIDE), bool)).std() < 3


def test_the_shadow_of_hair_on_skin_goes_and_comes_with_it(long_haired) -> None:
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.SKIN)] = 1
    hair = (long_haired.labels == Region.HAIR).astype(np.float32)
    shadow = cv2.GaussianBlur(hair, (0, 0), 0.014 * SIDE)[..., None] * (0.2, 0.26, 0.27)
    is_skin = (long_haired.labels == Region.SKIN)[..., None]
    crop = np.where(is_skin, long_haired.crop * (1 - shadow), long_haired.crop).astype(np.uint8)
    photo = replace(long_haired, crop=crop, photo=crop)
    near = cv2.dilate(hair, np.ones((5, 5), np.uint8)) > 0
    cheek = near & is_skin[..., 0] & (np.arange(SIDE)[:, None] > SIDE / 2)
    without = remove_hair(photo, uncovered, BALD, SIDE).picture[cheek].mean()
    again = remove_hair(photo, uncovered, hair, SIDE).picture[cheek].mean()
    before, skin = crop[cheek].mean(), PALETTE[Region.SKIN].mean()
    assert before < skin - 10 and abs(without - skin) < 3 and abs(again - before) < 5


def test_the_edge_of_a_hat_has_no_hair_of_the_old() -> None:
    """Every second pixel of the hat's edge shows hair, as a parser leaves it."""
    labels = draw_labels(SIDE, length=0.6, hat=True)
    beside = cv2.dilate((labels == Region.HAIR).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    edge = (labels == Region.HAT) & beside & (np.arange(SIDE) % 2 == 0)
    photo = parsed(labels, (20, 15, 10))
    crop = photo.crop.copy()
    crop[edge] = (20, 15, 10)
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.SKIN)] = 1
    plate = remove_hair(replace(photo, crop=crop, photo=crop), uncovered, BALD, SIDE)
    assert edge.sum() > 10 and plate.picture[edge].mean(axis=1).min() > 0.6 * PALETTE[Region.HAT].mean()


def test_a_hat_lends_hair_no_color(short_haired) -> None:
    labels, picture = short_haired.labels.copy(), short_haired.crop.copy()
    hat = (labels == Region.HAIR) & (np.arange(SIDE)[:, None] < 32)
    labels[hat] = Region.HAT
    rim = (labels == Region.HAIR) & (cv2.dilate(hat.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0)
    picture[hat | rim] = (0, 200, 0)
    texture = hair_texture(replace(short_haired, photo=picture, crop=picture, labels=labels), SIDE)
    wanted = rgb_to_lab(np.array([[110, 50, 170]], np.float32))[0]
    assert rim.sum() > 20 and np.abs(texture.color[rim].mean(0) - wanted).max() < 5


@pytest.mark.parametrize("region", [Region.BACKGROUND, Region.SKIN])
def test_what_is_seen_between_locks_is_not_hair(short_haired, region) -> None:
    """The parser takes specks of a wall, or of skin, near the edge of dark hair for hair."""
    labels, picture = short_haired.labels, short_haired.crop.copy()
    hair = labels == Region.HAIR
    wall = np.array([90, 160, 120], np.float32)
    background = labels == region
    distance = cv2.distanceTransform((~background).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    specks = hair & (distance > 2) & (distance < 6) & (np.add(*np.indices(labels.shape)) % 6 == 0)
    picture[background], picture[hair], picture[specks] = wall, (30, 25, 20), wall
    texture = hair_texture(replace(short_haired, photo=picture, crop=picture), SIDE)
    lightness = (texture.color + texture.strands)[..., 0]
    assert specks.sum() > 20 and rgb_to_lab(wall[None])[0, 0] > 40 and lightness[hair].max() < 15


def test_new_hair_is_where_the_network_says_and_never_over_the_eyes(long_haired, short_haired) -> None:
    new = HairLayouter(WearsReference())(long_haired, [WantedShape(short_haired.labels)], SIDE)
    wanted = (short_haired.labels == Region.HAIR) & ~np.isin(long_haired.labels, (Region.L_EYE, Region.R_EYE))
    assert ((new.alpha > 0.5) == wanted).mean() > 0.99
    assert (new.alpha[long_haired.labels == Region.L_EYE] < 0.6).all()
    np.testing.assert_allclose(new.uncovered.sum(0), 1, atol=1e-5)
    assert Region.HAIR not in np.unique(new.labels[new.alpha < 0.5])


def test_two_shapes_are_mixed_by_their_shares(long_haired, short_haired) -> None:
    layouter = HairLayouter(WearsReference())
    shapes = [WantedShape(short_haired.labels, 0.9), WantedShape(long_haired.labels, 0.1)]
    mixed = layouter(long_haired, shapes, SIDE).alpha > 0.5
    alone = layouter(long_haired, shapes[:1], SIDE).alpha > 0.5
    assert (mixed == alone).mean() > 0.98


def test_the_layer_has_the_wanted_color_and_leaves_the_rest(long_haired, short_haired) -> None:
    new = HairLayouter(WearsReference())(long_haired, [WantedShape(short_haired.labels)], SIDE)
    wanted = short_haired.hair_color()
    layer = layer_hair(long_haired, new, short_haired, short_haired, wanted, dyed=False)
    np.testing.assert_array_equal(layer.picture[layer.changed == 0], long_haired.crop[layer.changed == 0])
    inside = new.alpha == 1
    assert np.abs(layer.picture[inside].mean(0) - (110, 50, 170)).max() < 8
    old_only = (long_haired.labels == Region.HAIR) & (new.alpha == 0)
    assert np.abs(layer.picture[old_only].mean(0) - PALETTE[Region.BACKGROUND]).max() < 12


def test_far_from_old_and_new_hair_nothing_changes(long_haired, short_haired) -> None:
    """Loose strands and the shadow of hair reach 5 % of the crop's side."""
    for photo, donor in ((long_haired, short_haired), (short_haired, long_haired)):
        new = HairLayouter(WearsReference())(photo, [WantedShape(donor.labels)], SIDE)
        layer = layer_hair(photo, new, donor, donor, donor.hair_color(), dyed=False)
        beyond = (photo.labels != Region.HAIR) & (new.alpha == 0)
        distance = cv2.distanceTransform(beyond.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        far = distance > 0.05 * SIDE + 1
        assert far.mean() > 0.3
        np.testing.assert_array_equal(layer.changed[far], 0)
        np.testing.assert_array_equal(layer.picture[far], photo.crop[far])


def test_a_texture_warped_onto_the_same_hair_stays(short_haired) -> None:
    texture = hair_texture(short_haired, SIDE)
    hair = short_haired.labels == Region.HAIR
    warped = HairWarp.between(short_haired.labels, short_haired.labels, hair)(texture.color + texture.strands)
    assert np.abs(warped - texture.color - texture.strands)[hair].mean() < 1.0


def test_stripes_reach_from_the_inner_to_the_outer_edge_of_wider_hair() -> None:
    """The donor's inner half is light, its outer half dark: so it is on hair twice as thick."""
    narrow, wide = (draw_labels(SIDE, length=0.45, width=width) for width in (0.25, 0.42))
    y = np.arange(SIDE, dtype=np.float32)
    picture = np.broadcast_to(y[:, None, None], (SIDE, SIDE, 3)).copy()
    warped = HairWarp.between(narrow, wide, wide == Region.HAIR)(picture)
    top_of_narrow, top_of_wide = (np.flatnonzero((m == Region.HAIR)[:, SIDE // 2])[0] for m in (narrow, wide))
    assert abs(warped[top_of_wide + 1, SIDE // 2, 0] - top_of_narrow) < 3


def test_the_outline_has_the_locks_of_the_donors(long_haired, short_haired) -> None:
    """Spikes of the donor's hair stand out of the new hair too, unless a hat hides where they end or none is given."""
    labels = short_haired.labels.copy()
    top = np.flatnonzero((labels == Region.HAIR).any(axis=1))[0]
    columns = np.arange(SIDE)
    spikes = (columns // 6 % 2 == 0) & (np.abs(columns - SIDE / 2) < SIDE / 8)
    labels[top - 2 : top + 2, spikes] = Region.HAIR
    labels[top - 2 : top + 3, ~spikes & (np.abs(columns - SIDE / 2) < SIDE / 8)] = Region.BACKGROUND
    spiked = parsed(labels, (110, 50, 170))
    new = HairLayouter(WearsReference())(long_haired, [WantedShape(short_haired.labels)], SIDE)

    def contrast(donor: ParsedPhoto | None) -> float:
        """How much more the layer changes below spikes than between them."""
        layer = layer_hair(bald, new, donor, short_haired, short_haired.hair_color(), dyed=False)
        row = np.abs(layer.picture - bald.crop)[top : top + 2, SIDE // 2 - 12 : SIDE // 2 + 12].mean(axis=(0, 2))
        below = spikes[SIDE // 2 - 12 : SIDE // 2 + 12]
        return float(row[below].mean() - row[~below].mean())

    bald = parsed(draw_labels(SIDE, length=0), (0, 0, 0))
    hatted = replace(spiked, labels=np.where(labels == Region.BACKGROUND, np.uint8(Region.HAT), labels))
    smooth = contrast(short_haired)
    assert contrast(spiked) > smooth + 20 and max(contrast(hatted), contrast(None)) < smooth + 5


def test_hair_is_repeated_where_the_donor_has_none() -> None:
    """Short hair has none below the ears: long hair shows its sides there, mirrored."""
    short, long = draw_labels(SIDE, length=0.45), draw_labels(SIDE, length=0.9)
    warp = HairWarp.between(short, long, long == Region.HAIR)
    below = (long == Region.HAIR) & (np.arange(SIDE)[:, None] > 0.75 * SIDE)
    assert not warp.own[below].any() and warp.own[long == Region.HAIR].any()
    assert (warp((short == Region.HAIR).astype(np.float32))[below] > 0.5).mean() > 0.8


def test_hair_is_repeated_rather_than_stretched() -> None:
    """Each pixel of a strip of hair becomes at most `MAX_STRETCH` pixels of much thicker hair."""
    thick = draw_labels(SIDE, length=0.45, width=0.42)
    thin = thick.copy()
    top = np.flatnonzero((thick == Region.HAIR)[:, SIDE // 2])[0]
    thin[top + 5 :][thin[top + 5 :] == Region.HAIR] = Region.BACKGROUND
    warp = HairWarp.between(thin, thick, thick == Region.HAIR)
    column = warp.y[top : top + 12, SIDE // 2]
    assert np.abs(np.diff(column)).max() > 0.9 / MAX_STRETCH
    assert (np.diff(column) < 0).any()  # it goes back through the strip


def test_strands_of_red_hair_are_not_colorful_in_dark_hair(long_haired) -> None:
    random = np.random.default_rng(0)
    red = parsed(draw_labels(SIDE, length=0.45), (190, 60, 20))
    lit = red.crop * random.uniform(0.5, 1.5, (SIDE, SIDE, 1))
    red = replace(red, crop=lit.clip(0, 255).astype(np.uint8), photo=lit.clip(0, 255).astype(np.uint8))
    new = HairLayouter(WearsReference())(long_haired, [WantedShape(red.labels)], SIDE)
    dark = parsed(draw_labels(SIDE, length=0.45), (28, 26, 25))
    layer = layer_hair(long_haired, new, red, red, dark.hair_color())
    lab = rgb_to_lab(layer.picture[new.alpha == 1])
    assert lab[:, 0].std() > 2 and lab[:, 1:].std() < 2


def test_dark_hair_that_becomes_blond_gets_light_and_shade(long_haired, short_haired) -> None:
    """It is dyed: moved to another mean, with the little light and shade of dark hair, it would be flat."""
    light = 1 + 0.5 * np.sin(np.add(*np.indices((SIDE, SIDE))) / 8)[..., None]
    crop = (parsed(long_haired.labels, (24, 18, 14)).crop * light).astype(np.uint8)
    dark = replace(long_haired, crop=crop, photo=crop)
    new = HairLayouter(WearsReference())(dark, [WantedShape(short_haired.labels)], SIDE)
    blond = WantedColor.from_text("blond").lab
    layer = layer_hair(dark, new, short_haired, dark, blond)
    lab = rgb_to_lab(layer.picture[new.alpha == 1])
    assert np.abs(lab.mean(axis=0) - blond.mean).max() < 2
    before = rgb_to_lab(crop[dark.labels == Region.HAIR].astype(np.float32))[:, 0].std()
    assert lab[:, 0].std() > 1.8 * before


def striped(photo: ParsedPhoto, axis: int, period: int) -> ParsedPhoto:
    """The photo with strands along an axis."""
    light = 1 + 0.4 * np.sin(np.indices((SIDE, SIDE))[1 - axis] * (2 * np.pi / period))[..., None]
    crop = (photo.crop * light).clip(0, 255).astype(np.uint8)
    return replace(photo, crop=crop, photo=crop)


def test_own_hair_stays_where_new_hair_covers_it(long_haired, short_haired) -> None:
    """And only the rest has the donor's strands, in the photo's color."""
    own, donor = striped(short_haired, 0, 6), striped(parsed(long_haired.labels, (30, 140, 60)), 1, 6)
    new = HairLayouter(WearsReference())(own, [WantedShape(donor.labels)], SIDE)
    layer = layer_hair(own, new, None, donor, own.hair_color(), dyed=False, keeps_own=True)
    was = (own.labels == Region.HAIR).astype(np.uint8)
    deep = cv2.distanceTransform(was, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > KEPT_FROM * SIDE + 2
    kept = deep & (new.alpha == 1)
    assert kept.sum() > 100
    assert np.abs(layer.picture - own.crop)[kept].max() < 2
    added = (grown(was > 0, 4) == 0) & (new.alpha == 1)
    inner = cv2.erode(added.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    across, along = (np.abs(np.diff(layer.picture[..., 1], axis=axis, append=0))[inner].mean() for axis in (0, 1))
    assert inner.sum() > 100 and across > 3 * along
    lab, wanted = rgb_to_lab(layer.picture[inner]).mean(axis=0), own.hair_color().mean
    assert np.abs(lab - wanted).max() < 12


def test_locks_of_other_hair_are_no_spots_beside_own_hair(short_haired) -> None:
    texture = hair_texture(striped(short_haired, 0, 6), SIDE)
    locks = 20 * np.sign(np.sin(np.indices((SIDE, SIDE))[1] / 12))[..., None] * np.ones(3)
    beside = texture.with_strands_of(locks.astype(np.float32)).strands[texture.seen == 0][:, 0]
    assert np.median(np.abs(beside)) < 1


def test_own_hair_that_stays_is_dyed_with_the_rest(long_haired, short_haired) -> None:
    own = striped(short_haired, 0, 6)
    new = HairLayouter(WearsReference())(own, [WantedShape(long_haired.labels)], SIDE)
    blond = WantedColor.from_text("blond").lab
    lab = rgb_to_lab(layer_hair(own, new, None, long_haired, blond, keeps_own=True).picture)
    assert np.abs(lab[new.alpha == 1].mean(axis=0) - blond.mean).max() < 3


def test_other_strands_have_at_most_the_contrast_of_the_own_ones(short_haired) -> None:
    texture = hair_texture(striped(short_haired, 0, 6), SIDE)
    others = 50 * np.random.default_rng(0).standard_normal((SIDE, SIDE, 3)).astype(np.float32)
    for amplitude in (1.0, 1e-3):
        beside = texture.with_strands_of(amplitude * others).strands[texture.seen == 0][:, 0]
        own = texture.strands[texture.seen > 0.5][:, 0].std()
        assert abs(beside.std() - min(50 * amplitude, own)) < 0.1 * beside.std()


def test_single_strands_of_a_donors_outline_can_be_left_out(long_haired, short_haired) -> None:
    """A strand beside the donor's hair, two pixels wide, which a layout network does not know."""
    labels, crop, share = short_haired.labels, short_haired.crop.copy(), short_haired.hair.copy()
    right = np.flatnonzero((labels == Region.HAIR)[40])[-1]
    strand = slice(36, 50), slice(right + 3, right + 5)
    crop[strand], share[strand] = (110, 50, 170), 1
    donor = replace(short_haired, crop=crop, photo=crop, hair=share)
    new = HairLayouter(WearsReference())(long_haired, [WantedShape(labels)], SIDE)
    green = LabColor(rgb_to_lab(np.array([[[60, 160, 60]]], np.float32))[0, 0].astype(float))
    shown = []
    for loose_strands in (True, False):
        layer = layer_hair(long_haired, new, donor, short_haired, green, loose_strands=loose_strands)
        shown.append((layer.picture[strand][..., 1] - layer.picture[strand][..., 0]).max())
    assert shown[0] > 40 and shown[1] < 15


def test_hair_begins_gradually_on_the_forehead(long_haired, short_haired) -> None:
    new = HairLayouter(WearsReference())(long_haired, [WantedShape(short_haired.labels)], SIDE)
    blond = WantedColor.from_text("blond").lab
    picture = layer_hair(long_haired, new, short_haired, short_haired, blond).picture
    steps = np.abs(np.diff(picture.mean(axis=2), axis=0))[:, SIDE // 2 - 4 : SIDE // 2 + 5]
    begin = np.flatnonzero((new.labels == Region.HAIR)[: SIDE // 2, SIDE // 2])[-1]
    across = np.abs(picture[begin - 6, 60:69].mean() - picture[begin + 6, 60:69].mean())
    assert across > 20 and steps[begin - 6 : begin + 6].mean(axis=1).max() < 0.4 * across


def test_a_turned_head_gets_no_ear_on_its_far_side() -> None:
    labels = draw_labels(SIDE, length=0.9)
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    left, right, background = (HIDDEN_BY_HAIR.index(r) for r in (Region.L_EAR, Region.R_EAR, Region.BACKGROUND))
    uncovered[left, 60:80, 90:100] = uncovered[right, 60:80, 28:38] = 0.8
    bald = np.zeros((SIDE, SIDE), np.float32)
    np.testing.assert_array_equal(without_far_ear(uncovered, labels, bald), uncovered)
    for turn, far, near in ((4, left, right), (-4, right, left)):
        turned = labels.copy()
        turned[labels == Region.NOSE] = Region.SKIN
        turned[np.roll(labels == Region.NOSE, turn, axis=1)] = Region.NOSE
        changed = without_far_ear(uncovered, turned, bald)
        np.testing.assert_array_equal(without_far_ear(uncovered, turned, bald + 1), uncovered)  # no hole in hair
        assert not changed[far].any() and (changed[background] == uncovered[far]).all()
        np.testing.assert_array_equal(changed[near], uncovered[near])
        turned[70, 95 if far == left else 30] = HIDDEN_BY_HAIR[far]  # it is seen
        np.testing.assert_array_equal(without_far_ear(uncovered, turned, bald), uncovered)


def test_an_ear_nobody_has_seen_is_not_plain() -> None:
    labels = draw_labels(SIDE, length=0.9)
    photo = parsed(labels, (110, 50, 170))
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.BACKGROUND)] = 1
    rows, columns = np.nonzero(labels == Region.SKIN)
    ear = np.zeros((SIDE, SIDE), bool)
    ear[int(rows.mean()) - 10 : int(rows.mean()) + 10, columns.max() + 2 : columns.max() + 14] = True
    uncovered[:, ear] = 0
    uncovered[HIDDEN_BY_HAIR.index(Region.L_EAR), ear] = 1
    shown = remove_hair(photo, uncovered, BALD, SIDE).picture[ear & (labels == Region.HAIR)]
    assert (ear & (labels == Region.HAIR)).sum() > 100 and shown.mean(axis=1).std() > 4


@pytest.fixture(scope="module")
def salon() -> Salon:
    return Salon(PaletteParser(), hair_layout=WearsReference())


def test_a_salon_lays_the_hair_of_a_reference_over_the_photo(salon, long_haired, short_haired) -> None:
    edit = salon.restyle(long_haired.crop, like=short_haired.crop, aligned=True)
    hair = edit.layout == Region.HAIR
    assert (hair == (short_haired.labels == Region.HAIR)).mean() > 0.97
    np.testing.assert_array_equal(edit.image[edit.mask == 0], long_haired.crop[edit.mask == 0])
    assert np.abs(edit.image[edit.mask > 0.99].mean(0) - long_haired.crop[edit.mask > 0.99].mean(0)).max() > 10
    own = salon.parse(long_haired.crop, aligned=True).hair_color().mean
    theirs = short_haired.hair_color().mean
    found = hair_color(edit.image, hair).mean
    assert np.linalg.norm(found - own) < 4 < np.linalg.norm(found - theirs)
    dyed = salon.restyle(long_haired.crop, like=short_haired.crop, color_like=short_haired.crop, aligned=True)
    assert np.linalg.norm(hair_color(dyed.image, dyed.layout == Region.HAIR).mean - theirs) < 4


def test_a_domain_is_worn_like_a_drawn_person_wears_it(salon, long_haired) -> None:
    assert salon.domains == ("bang", "no_bang", "long_straight", "long_perm", "bob", "short", "blond")
    assert salon.restyling_modes() == ("layer",)
    short = salon.restyle(long_haired.crop, domain="short", aligned=True)
    other = salon.restyle(long_haired.crop, domain="short", seed=1, aligned=True)
    assert (short.layout == Region.HAIR).mean() < (long_haired.labels == Region.HAIR).mean()
    assert not np.array_equal(short.layout, other.layout)
    assert "a drawn person" in short.method
    blond = salon.restyle(long_haired.crop, domain="blond", aligned=True)
    assert hair_color(blond.image, blond.layout == Region.HAIR).mean[2] > 15  # yellow, and the photo's hair is violet


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"domain": "beehive"}, "no domain 'beehive'; the domains are bang, no_bang"),
        ({"domain": "bob", "psi": 0.5}, "psi is for StarGAN v2"),
        ({"domain": "bob", "blend": "alpha"}, "leave blend out"),
        ({"domain": "bob", "mode": "preserve"}, "mode='preserve' needs StarGAN v2, which is not in the bundle"),
        ({"domain": "bob", "mode": "wig"}, "unknown mode 'wig'; known are layer, preserve, seed"),
    ],
)
def test_a_layer_refuses_what_it_has_not(salon, long_haired, how, message) -> None:
    with pytest.raises(ValueError, match=message):
        salon.restyle(long_haired.crop, aligned=True, **how)


def test_a_domain_beside_a_reference_is_refused(salon, long_haired, short_haired) -> None:
    with pytest.raises(ValueError, match="leave domain out"):
        salon.restyle(long_haired.crop, domain="bob", like=short_haired.crop, aligned=True)


def test_a_donor_is_drawn_as_finely_as_its_hair_is_painted(salon, long_haired, monkeypatch) -> None:
    """Enlarged, the ends of its hair would look like cut paper."""
    sizes = []

    def spy(domain, number, size, straight):
        sizes.append(size)
        return drawn_donor(domain, number, size, straight)

    monkeypatch.setattr("hairgan.editing.drawn_donors.drawn_donor", spy)
    large = cv2.resize(long_haired.crop, (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_NEAREST)
    salon.restyle(large, domain="short", aligned=True)
    assert sizes[-1] == salon.parse(large, aligned=True).painted_size == 3 * SIDE


@pytest.mark.parametrize("how", [{"domain": "long_perm"}, {"like": "reference"}])
def test_hair_with_strands_of_a_donor_has_the_photos_color_but_not_its_patches(salon, long_haired, how) -> None:
    """Light tips of the old hair, warped, would be a haze somewhere in the new one."""
    picture = long_haired.crop.astype(np.float32)
    hair = long_haired.labels == Region.HAIR
    tips = hair & (np.indices(hair.shape)[0] > 0.6 * SIDE)
    picture[tips] *= 1.7
    photo = replace(
        long_haired, crop=picture.astype(np.uint8), photo=picture.astype(np.uint8), hair=hair.astype(np.float32)
    )
    if "like" in how:
        how = {"like": long_haired}
    edit = salon.restyle(photo, **how)
    new = cv2.erode((edit.layout == Region.HAIR).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    lab = rgb_to_lab(edit.image.astype(np.float32))
    assert np.abs(lab[new].mean(axis=0) - photo.hair_color().mean).max() < 6
    smooth = cv2.GaussianBlur(np.where(new, lab[..., 0], lab[new][:, 0].mean()).astype(np.float32), (0, 0), 6)
    assert smooth[new].std() < 0.2 * rgb_to_lab(picture[hair])[:, 0].std()


def test_a_reference_that_is_read_twice_lends_its_own_color(salon, long_haired, short_haired) -> None:
    """And not one that it is dyed in."""
    crop = striped(short_haired, 0, 6).crop
    parsed_once = salon.parse(crop, aligned=True)
    edits = [
        salon.restyle(long_haired, like=shape, color_like=color, aligned=True).image
        for shape, color in ((parsed_once, parsed_once), (crop, crop.copy()))
    ]
    np.testing.assert_array_equal(*edits)
