"""Pictures of what a model attends to: captured, held, drawn as a page or an image."""
