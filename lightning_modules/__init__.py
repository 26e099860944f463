"""How each model trains: one LightningModule a model, on one small base."""

from lightning_modules.face_parser import FaceParserModule
from lightning_modules.hair_classifier import HairClassifierModule
from lightning_modules.sean import SEANModule
from lightning_modules.stargan import StarGANv2Module

__all__ = ["FaceParserModule", "HairClassifierModule", "SEANModule", "StarGANv2Module"]
