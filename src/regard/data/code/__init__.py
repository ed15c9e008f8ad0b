"""Programs: normalised, renamed, followed from value to value, and gathered into pairs."""
