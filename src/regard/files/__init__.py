"""Files of translators, in and out: a parser that others keep locates, we splice bytes."""
