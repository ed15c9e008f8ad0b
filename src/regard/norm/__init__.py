"""Normalisations: one file per kind."""
