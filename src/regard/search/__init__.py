"""Search: from a step function to sentences. It sees a step and the state's `reorder`, no model."""
