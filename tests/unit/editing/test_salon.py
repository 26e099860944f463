"""The salon, with networks that read and paint exactly: what changes, what does not, and the messages."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch

from hairgan.editing.color import hair_color, rgb_to_lab
from hairgan.editing.edit import Edit
from hairgan.editing.layout import UNDER_HAIR
from hairgan.editing.painting import FEATHER
from hairgan.editing.references import Mix
from hairgan.editing.salon import Salon
from hairgan.editing.unmixing import REACH
from hairgan.networks.mean_styles import MeanStyles
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.photos.alignment import Alignment, celeba_hq_alignment
from hairgan.photos.face_finders import RegionFinder
from hairgan.photos.faces import Face
from hairgan.photos.parser import FaceParser
from hairgan.regions import NUM_REGIONS, PALETTE, Region
from tests.unit.heads import (
    SIZE,
    MeanColorSEAN,
    PaletteParser,
    draw_labels,
    head_restyler,
    paint_head,
)

DOMAINS = ("short", "bob", "long")
TURNED = Alignment(np.array([[0.31, 0.05, -14.0], [-0.05, 0.31, -3.0]]), 2 * SIZE)
"""Where the head is in the test's photo: turned, and with more of the photo on all sides but the top."""


def in_a_photo(head: np.ndarray, height: int = 500, width: int = 640) -> np.ndarray:
    rng = np.random.default_rng(1)
    around = np.clip(24 + rng.integers(-8, 9, (height, width, 3)), 0, 255).astype(np.uint8)
    matrix = cv2.invertAffineTransform(TURNED.matrix)
    size = (width, height)
    inside = cv2.warpAffine(np.ones(head.shape[:2], np.uint8), matrix, size) > 0
    placed = cv2.warpAffine(head, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return np.where(inside[..., None], placed, around)


def finder(photo: np.ndarray) -> list[Face]:
    """Knows where the head is."""
    eyes_and_mouth = np.array([[0.39, 0.48], [0.61, 0.48], [0.5, 0.58], [0.41, 0.73], [0.59, 0.73]]) * 2 * SIZE
    return [Face(eyes_and_mouth @ TURNED.inverse[:, :2].T + TURNED.inverse[:, 2])]


@pytest.fixture(scope="module")
def salon() -> Salon:
    return Salon(PaletteParser(), MeanColorSEAN(), head_restyler(), finder)


@pytest.fixture(scope="module")
def plain_salon() -> Salon:
    """Without SEAN."""
    return Salon(PaletteParser(), None, head_restyler(), finder)


def networks_of_random_weights(stargan_size: int = SIZE) -> dict[str, torch.nn.Module]:
    """The real networks, small."""
    torch.manual_seed(0)
    narrow = {"image_size": stargan_size, "base_width": 4, "max_width": 8}
    return {
        "parser": PaletteParser(),
        "sean": SEANGenerator(image_size=SIZE, width=2, style_dim=8).eval(),
        "stargan_generator": Generator(**narrow, w_hpf=0.0),
        "mapping_network": MappingNetwork(num_domains=3, hidden_dim=8),
        "style_encoder": StyleEncoder(**narrow, num_domains=3),
    }


@pytest.fixture(scope="module")
def random_salon() -> Salon:
    return Salon.from_networks(networks_of_random_weights(), DOMAINS, finder=finder)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return in_a_photo(paint_head(draw_labels()))


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    return paint_head(draw_labels(length=0.9, width=0.35), hair=(170, 60, 190), seed=3)


def allowed(edit: Edit, photo: np.ndarray, aligned: bool) -> np.ndarray:
    """Photo pixels in which the edit may change something: old hair, new hair and the feather."""
    size = len(edit.labels)
    hair = (edit.labels == Region.HAIR) | (edit.layout == Region.HAIR)
    reach = int(np.ceil((REACH if edit.method.startswith("color transfer") else FEATHER) * size)) + 1
    near = cv2.dilate(hair.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
    height, width = photo.shape[:2]
    matrix = np.diag([size / width, size / height, 1.0])[:2]
    if not aligned:
        matrix = celeba_hq_alignment(finder(photo)[0].points, size).matrix
    y, x = np.indices((height, width)) + 0.5
    column, row = (m[0] * x + m[1] * y + m[2] for m in matrix)
    inside = (np.minimum(column, row) > -0.5) & (np.maximum(column, row) < size + 0.5)
    return inside & (near[tuple(c.clip(0, size - 1).astype(int) for c in (row, column))] > 0)


def inner_hair(labels: np.ndarray) -> np.ndarray:
    return cv2.erode((labels == Region.HAIR).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


PATHS: dict[str, dict[str, Any]] = {
    "dye like": {"like": True},
    "dye between": {"like": "mix"},
    "dye color": {"color": "#a05ac8"},
    "dye painted": {"like": True, "strands": "painted"},
    "dye half": {"color": "auburn", "strength": 0.5},
    "restyle domain": {"domain": "long", "seed": 3},
    "restyle truncated": {"domain": "short", "psi": 0.5},
    "restyle like": {"like": True, "domain": "bob"},
    "restyle like unknown": {"like": True},
    "restyle between": {"like": "mix", "domain": "long"},
    "restyle and dye": {"domain": "bob", "color_like": True},
    "restyle and color": {"domain": "long", "color": "teal"},
    "restyle seed layout, blended": {"domain": "long", "mode": "seed", "blend": "alpha"},
}


@pytest.mark.parametrize(
    ("which", "blend"),
    [
        ("salon", "alpha"),
        ("salon", "poisson"),
        ("plain_salon", "alpha"),
        ("random_salon", "alpha"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_only_the_hair_changes(
    path: str, which: str, blend: str, photo: np.ndarray, reference: np.ndarray, request: pytest.FixtureRequest
) -> None:
    salon: Salon = request.getfixturevalue(which)
    others = {True: salon.parse(reference, aligned=True)}
    others["mix"] = Mix(others[True], salon.parse(paint_head(draw_labels()), aligned=True), 0.3)  # type: ignore[index]
    options = {key: others.get(value, value) if key.endswith("like") else value for key, value in PATHS[path].items()}
    aligned = path.endswith("half")
    source = paint_head(draw_labels(200)) if aligned else photo
    edit = getattr(salon, path.split()[0])(source, aligned=aligned, **{"blend": blend, **options})
    changed = (edit.image != source).any(axis=2)
    free = allowed(edit, source, aligned)
    assert edit.image.shape == source.shape
    assert not (changed & ~free).any()
    assert changed.sum() > 0.02 * source.shape[0] * source.shape[1]
    assert which == "random_salon" or free.mean() < 0.7


@pytest.mark.parametrize("call", [{"blend": "none", "color": "teal"}, {"mode": "seed", "domain": "long"}])
def test_without_a_blend_the_crop_changes_and_nothing_outside(salon: Salon, photo: np.ndarray, call: dict) -> None:
    edit = salon.restyle(photo, **call) if "mode" in call else salon.dye(photo, **call)
    matrix = cv2.invertAffineTransform(TURNED.matrix)
    changed = (edit.image != photo).any(axis=2)
    assert changed.any()
    corner = edit.mask == 0
    assert corner.any() and np.array_equal(edit.after[corner], edit.before[corner])
    middle = edit.mask == 1
    assert np.array_equal(edit.after[middle], edit.painted[middle])
    assert matrix is not None and not changed[-5:].any() and not changed[:, -5:].any()


def lab_distance(picture: np.ndarray, hair: np.ndarray, rgb: tuple[int, int, int]) -> float:
    return float(np.linalg.norm(hair_color(picture, hair).mean - rgb_to_lab(np.array(rgb, np.float32))))


def test_dye_takes_the_references_color(
    salon: Salon, plain_salon: Salon, photo: np.ndarray, reference: np.ndarray
) -> None:
    for one in (salon, plain_salon):
        edit = one.dye(photo, like=one.parse(reference, aligned=True))
        hair = inner_hair(edit.labels)
        assert lab_distance(edit.before, hair, (170, 60, 190)) > 10
        assert lab_distance(edit.after, hair, (170, 60, 190)) < 2.5
        assert edit.color_error is not None and edit.color_error < 2.5
    assert "reference's hair code" in salon.dye(photo, like=salon.parse(reference, aligned=True)).method
    assert "color transfer" in edit.method


@pytest.mark.parametrize("gain", [1.0, 0.9])
def test_a_color_is_found_in_style_space(photo: np.ndarray, gain: float) -> None:
    """Also with a painter that darkens what it is told, so that the first candidate misses."""
    salon = Salon(PaletteParser(), MeanColorSEAN(gain), None, finder)
    edit = salon.dye(photo, color="#8a5a2b", blend="none")
    assert edit.method == "SEAN with a hair code found for the color"
    assert edit.color_error is not None and edit.color_error < 2.5
    assert salon.dye(photo, color="#8a5a2b", blend="none").image.tobytes() == edit.image.tobytes()


def test_dyed_hair_keeps_its_strands_or_gets_painted_ones(reference: np.ndarray) -> None:
    salon = Salon(PaletteParser(), MeanColorSEAN(0.8), None, finder)
    photo = paint_head(draw_labels())
    ref = salon.parse(reference, aligned=True)
    own, painted = (salon.dye(photo, like=ref, strands=strands, aligned=True) for strands in ("photo", "painted"))
    hair = inner_hair(own.labels)
    assert painted.color_error is not None and own.color_error is not None
    assert own.color_error < 2.5 < painted.color_error, "this SEAN darkens; the photo's strands get the right tone"
    assert np.array_equal(painted.after[hair], painted.painted[hair])
    differences = [np.abs(np.diff(e.after.astype(float), axis=1))[hair[:, 1:]].mean() for e in (own, painted)]
    assert differences[0] > 2 * differences[1], "painted hair is of one color, the photo's has strands"


def test_restyled_hair_has_the_right_tone_unless_as_published(photo: np.ndarray, reference: np.ndarray) -> None:
    salon = Salon(PaletteParser(), MeanColorSEAN(0.8), head_restyler(), finder)
    ref = salon.parse(reference, aligned=True)
    preserve, seed = (salon.restyle(photo, domain="bob", color_like=ref, mode=mode) for mode in ("preserve", "seed"))
    assert preserve.color_error is not None and seed.color_error is not None
    assert preserve.color_error < 2.5 < seed.color_error


def test_lower_precision_looks_the_same(photo: np.ndarray) -> None:
    reference = in_a_photo(paint_head(draw_labels(length=0.9, width=0.35), hair=(170, 60, 190), seed=3))
    networks = networks_of_random_weights()
    full, half = (
        Salon.from_networks(networks, DOMAINS, finder=finder, precision=precision)
        for precision in ("float32", "bfloat16")
    )
    heads = [salon.restyle(photo, domain="bob", seed=1).rough for salon in (full, half)]
    difference = np.abs(heads[0].astype(int) - heads[1])
    assert 0 < difference.mean() < 2, "other arithmetic, hardly another picture"
    for call in ({"color": "teal"}, {"like": reference}):
        dyed = [salon.dye(photo, **call).image for salon in (full, half)]
        assert np.abs(dyed[0].astype(int) - dyed[1]).mean() < 1
    with pytest.raises(ValueError, match="unknown precision 'float8'; known are float32, bfloat16"):
        Salon(PaletteParser(), precision="float8")


def test_strength_and_mix_go_from_one_end_to_the_other(salon: Salon, photo: np.ndarray, reference: np.ndarray) -> None:
    subject, other = salon.parse(photo), salon.parse(reference, aligned=True)
    edits = salon.dye_all([subject], like=other, strength=[0.0, 0.5, 1.0])
    moved = [lab_distance(edit.after, inner_hair(edit.labels), (150, 84, 214)) for edit in edits]
    assert moved[0] < 4 and moved[0] < moved[1] - 3 < moved[2] - 6
    mixed = [
        salon.dye(subject, like=like, strength=strength, strands="painted").after.astype(int)
        for like, strength in ((Mix(subject, other), 1.0), (other, 0.5))
    ]
    assert np.abs(mixed[0] - mixed[1]).max() <= 1


def test_restyle_takes_the_shape_and_keeps_the_color(salon: Salon, plain_salon: Salon, photo: np.ndarray) -> None:
    for one in (salon, plain_salon):
        longer, shorter = one.restyle(photo, domain="long"), one.restyle(photo, domain="short")
        hair = [(edit.layout == Region.HAIR).sum() for edit in (shorter, longer)]
        assert hair[0] < (longer.labels == Region.HAIR).sum() < hair[1]
        for edit in (longer, shorter):
            assert lab_distance(edit.after, inner_hair(edit.layout), (150, 84, 214)) < 4
            features = np.isin(edit.labels, (Region.L_EYE, Region.R_EYE, Region.NOSE, Region.U_LIP, Region.L_LIP))
            assert np.array_equal(edit.layout[features], edit.labels[features])
        assert "the photo's hair code" in longer.method or one is plain_salon
        assert one.restyle(photo, domain="long").image.tobytes() == longer.image.tobytes()
        assert one.restyle(photo, domain="long", seed=1).image.tobytes() != longer.image.tobytes()


def test_uncovered_pixels_are_filled(salon: Salon, photo: np.ndarray) -> None:
    edit = salon.restyle(photo, domain="short")
    uncovered = (edit.labels == Region.HAIR) & (edit.layout != Region.HAIR)
    assert uncovered.mean() > 0.03
    assert set(np.unique(edit.layout[uncovered])) <= {*UNDER_HAIR}
    far = cv2.erode(uncovered.astype(np.uint8), np.ones((3, 3))) > 0
    purple = np.abs(edit.after[far].astype(int) - (150, 84, 214)).sum(1) < 60
    assert purple.mean() < 0.02


def test_shape_from_one_photo_and_color_from_another(salon: Salon, photo: np.ndarray, reference: np.ndarray) -> None:
    shape = salon.parse(paint_head(draw_labels(length=0.95, width=0.38)), aligned=True)
    edit = salon.restyle(photo, like=shape, color_like=salon.parse(reference, aligned=True))
    target = shape.labels_at(SIZE) == Region.HAIR
    hair = edit.layout == Region.HAIR
    assert (hair & target).sum() / (hair | target).sum() > 0.8, "the domain of long hair fits the reference best"
    assert lab_distance(edit.after, inner_hair(edit.layout), (170, 60, 190)) < 3


def test_a_batch_equals_single_calls(photo: np.ndarray, reference: np.ndarray) -> None:
    salon = Salon(PaletteParser(), MeanColorSEAN(), head_restyler(), finder, batch_size=2)
    other = in_a_photo(paint_head(draw_labels(length=0.6)))
    ref = salon.parse(reference, aligned=True)
    many = salon.dye_all([photo, other, photo], like=ref)
    assert [edit.image.tobytes() for edit in many] == [
        salon.dye(one, like=ref).image.tobytes() for one in (photo, other, photo)
    ]
    looks = salon.restyle_all([photo], domain="bob", seed=[0, 1, 2])
    assert [edit.image.tobytes() for edit in looks] == [
        salon.restyle(photo, domain="bob", seed=seed).image.tobytes() for seed in (0, 1, 2)
    ]
    with pytest.raises(ValueError, match="2 values for 3 edits: give one for all"):
        salon.dye_all([photo, other], like=[ref, ref, ref])


def test_detail_finer_than_the_crop_survives_a_dye(salon: Salon) -> None:
    head = cv2.resize(paint_head(draw_labels()), (1024, 1024), interpolation=cv2.INTER_NEAREST)
    fine = np.where(np.indices((1024, 1024)).sum(0)[..., None] % 2, 12, -12)
    photo = np.clip(head + fine, 0, 255).astype(np.uint8)
    edit = salon.dye(photo, color="#7a3b1e", aligned=True)
    inner = cv2.erode(cv2.resize((edit.labels == Region.HAIR).astype(np.uint8), (1024, 1024)), np.ones((65, 65))) > 0
    contrast = np.abs(np.diff(edit.image.astype(float), axis=1))[inner[:, 1:]].mean()
    assert contrast > 20


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({}, "either like, a photo whose hair color to take, or color"),
        ({"color": "teal", "like": "photo"}, "either like, a photo whose hair color to take, or color"),
        ({"color": "greenish-ish"}, "'greenish-ish' is not a color"),
        ({"color": "teal", "blend": "magic"}, "unknown blend 'magic'"),
        ({"color": "teal", "strands": "woollen"}, "unknown strands 'woollen'; known are photo, painted"),
        ({"like": "bald"}, "the reference shows no hair"),
    ],
)
def test_bad_requests_for_a_dye(salon: Salon, photo: np.ndarray, call: dict, message: str) -> None:
    others = {"photo": photo, "bald": salon.parse(paint_head(draw_labels(length=0)), aligned=True)}
    call = {key: others.get(value, value) for key, value in call.items()}
    with pytest.raises(ValueError, match=message):
        salon.dye(photo, **call)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({}, "give a domain, or like"),
        ({"domain": "mullet"}, "no domain 'mullet'; the networks know short, bob, long"),
        ({"domain": "bob", "mode": "wild"}, "unknown mode 'wild'"),
        (
            {"domain": "bob", "color": "red", "color_like": np.zeros((9, 9, 3), np.uint8)},
            "color_like or color, not both",
        ),
    ],
)
def test_bad_requests_for_a_style(salon: Salon, photo: np.ndarray, call: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        salon.restyle(photo, **call)


def test_photos_that_cannot_be_edited(salon: Salon, photo: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the photo shows no hair"):
        salon.dye(paint_head(draw_labels(length=0)), color="red", aligned=True)
    with pytest.raises(ValueError, match="an aligned photo is square, this one has 640 x 500"):
        salon.dye(photo, color="red", aligned=True)
    with pytest.raises(ValueError, match="too small to edit: 8 x 8"):
        salon.dye(photo[:8, :8], color="red", aligned=True)
    nobody = Salon(PaletteParser(), finder=RegionFinder(FaceParser(PaletteParser())))
    with pytest.raises(ValueError, match="no face was found"):
        nobody.dye(np.zeros((64, 64, 3), np.uint8), color="red")
    with pytest.raises(ValueError, match="restyling needs a hair layout network or StarGAN v2"):
        nobody.restyle(photo, domain="bob")
    with pytest.raises(ValueError, match="a face parser is needed; there are only sean"):
        Salon.from_networks({"sean": MeanColorSEAN()})


def test_a_hat_stays_and_is_mentioned(salon: Salon) -> None:
    photo = paint_head(draw_labels(hat=True))
    edit = salon.restyle(photo, domain="long", aligned=True)
    hat = edit.labels == Region.HAT
    assert (edit.layout[hat] == Region.HAT).all()
    assert "a hat covers hair" in " ".join(edit.warnings)


def test_bald_people_get_the_rough_heads_hair(salon: Salon) -> None:
    photo = paint_head(draw_labels(length=0))
    edit = salon.restyle(photo, domain="bob", aligned=True)
    assert edit.method == "SEAN with the rough head's hair code"
    assert lab_distance(edit.after, inner_hair(edit.layout), (150, 84, 214)) < 4


def test_the_second_dye_of_a_parsed_photo_reuses_its_codes(salon: Salon, photo: np.ndarray) -> None:
    subject = salon.parse(photo)
    edit = salon.dye(subject, color="teal")
    codes, layouts = subject.codes, dict(subject.layouts)
    again = salon.dye(subject, color="blond")
    assert subject.codes is codes and {k: id(v) for k, v in subject.layouts.items()} == {
        k: id(v) for k, v in layouts.items()
    }
    assert "parse" not in again.timings and {"paint", "blend", "paste"} <= set(edit.timings)


@pytest.mark.parametrize("stargan_size", [SIZE // 2, 2 * SIZE])
def test_stargan_and_sean_may_differ_in_size(stargan_size, photo, reference):
    salon = Salon.from_networks(networks_of_random_weights(stargan_size), DOMAINS, finder=finder)
    for how in ({"domain": "bob"}, {"like": salon.parse(reference, aligned=True)}, {"domain": "bob", "color": "red"}):
        edit = salon.restyle(photo, **how)
        assert edit.rough is not None and edit.rough.shape == (stargan_size, stargan_size, 3)
        assert edit.painted.shape == (SIZE, SIZE, 3) and edit.image.shape == photo.shape


def test_a_region_that_the_photo_lacks_takes_its_mean_code():
    labels = draw_labels()
    labels[labels == Region.CLOTH] = Region.BACKGROUND
    means = MeanStyles(NUM_REGIONS, 3)
    means.codes[Region.CLOTH], means.counts[Region.CLOTH] = torch.tensor([0.8, -0.8, 0.2]), 5
    for known, color in ((means, (229.5, 25.5, 153.0)), (None, PALETTE[Region.CLOTH])):
        salon = Salon(PaletteParser(), MeanColorSEAN(), head_restyler(), mean_styles=known)
        edit = salon.restyle(paint_head(labels), domain="bob", mode="seed", aligned=True)
        np.testing.assert_allclose(edit.painted[edit.layout == Region.CLOTH].mean(0), color, atol=2)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -11.0, 1e300])
def test_numbers_out_of_range(salon: Salon, photo: np.ndarray, value: float) -> None:
    with pytest.raises(ValueError, match="strength is a number from -10 to 10, not"):
        salon.dye(photo, color="teal", strength=value)
    with pytest.raises(ValueError, match="strength is a number from -10 to 10, not"):
        salon.dye_all([photo], color="teal", strength=[0.5, value])
    with pytest.raises(ValueError, match="psi is a number from -10 to 10, not"):
        salon.restyle(photo, domain="bob", psi=value)
    for share in (value, 1.1):
        with pytest.raises(ValueError, match="a share of two references is 0 to 1"):
            Mix(photo, photo, share)


def test_a_cut_out_reference_gives_the_same_edits(salon: Salon, photo: np.ndarray) -> None:
    """In a large photo that is little; the edits are the same."""
    around = np.pad(photo, ((0, 900), (0, 1200), (0, 0)), mode="edge")
    whole = salon.parse(around)
    cut = whole.cut_out()
    assert cut.photo.size < around.size / 3
    me = salon.parse(photo)
    assert np.array_equal(salon.dye(me, like=cut).image, salon.dye(me, like=whole).image)
    small = whole.reduced(400)
    assert max(small.photo.shape) == 400 and np.array_equal(small.crop, whole.crop)
    assert np.abs(small.crop_at(64).astype(int) - whole.crop_at(64)).mean() < 3
    edit = salon.dye(small, color="teal")
    assert 0.01 < (edit.image != small.photo).any(axis=2).mean() < 0.2
