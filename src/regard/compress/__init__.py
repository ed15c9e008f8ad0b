"""A trained run made smaller: heads, layers and weights taken out, and what each of that costs."""
