"""How each model trains: one LightningModule a model, on one small base."""

from lightning_modules.stargan import StarGANv2Module

__all__ = ["StarGANv2Module"]
