"""A translation server: the LibreTranslate API, looks into the model, and a page."""
