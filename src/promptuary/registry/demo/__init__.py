"""Seed data: the same prompts, histories, labels and times on every run. Used by development, browser tests and screenshots."""

from promptuary.registry.demo.seeding import Seeded, seed

__all__ = ["Seeded", "seed"]
