"""Skeletons: encoder, sequence to sequence, language model."""
