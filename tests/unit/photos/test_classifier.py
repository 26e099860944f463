import pytest
import torch

from hairgan.hair_attributes import HEADS
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.photos.classifier import HairAttributeClassifier
from hairgan.weights.bundles import save_bundle
from tests.unit.labelling.painted import photo


def test_answers_are_the_most_probable_classes():
    torch.manual_seed(0)
    network = HairClassifier(18, base_width=4, image_size=64).eval()
    network.temperatures[:] = 2.0
    answers = HairAttributeClassifier(network).classify([photo(0.5, size=64), photo(0.9, size=64)])
    images = torch.stack([torch.from_numpy(photo(bottom, size=64)) for bottom in (0.5, 0.9)])
    with torch.no_grad():
        expected = network.probabilities(images.permute(0, 3, 1, 2).float() / 127.5 - 1)
    assert [list(answer) for answer in answers] == [list(HEADS)] * 2
    for head, classes in HEADS.items():
        for answer, probabilities in zip(answers, expected[head], strict=True):
            assert answer[head].name == classes[probabilities.argmax()]
            assert answer[head].probability == pytest.approx(float(probabilities.max()), abs=1e-5)


def test_images_of_any_size_are_seen_at_its_own():
    classifier = HairAttributeClassifier(HairClassifier(18, base_width=4, image_size=64).eval())
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    enlarged = images.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    for head, logits in classifier.logits(images).items():
        assert logits.shape == (1, len(HEADS[head]))
        assert torch.equal(classifier.logits(3 * images)[head], classifier.logits((3 * images).clamp(-1, 1))[head])
        assert torch.allclose(classifier.logits(enlarged)[head], logits, atol=0.5)


def test_it_comes_from_a_bundle(tmp_path):
    save_bundle(tmp_path / "both", {"parser": BiSeNet(base_width=4), "classifier": HairClassifier(18, 4)})
    classifier = HairAttributeClassifier.load(tmp_path / "both")
    assert classifier.source == str(tmp_path / "both") and classifier.size == 256
    save_bundle(tmp_path / "parser", {"parser": BiSeNet(base_width=4)})
    with pytest.raises(ValueError, match=r"parser has no part 'classifier'; it has parser"):
        HairAttributeClassifier.load(tmp_path / "parser")
