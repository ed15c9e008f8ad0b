"""How every model's weights start: one function for the whole house."""

from torch import nn

from regard.mixer.base import Cell


def initialise(model: nn.Module) -> None:
    """Set the starting weights, in the order of `model.modules()`.

    | part | weights | biases |
    |---|---|---|
    | linear maps | Xavier uniform (Glorot & Bengio 2010) | 0 |
    | cells: input maps | Xavier uniform by gate | as the cell set them |
    | cells: recurrent maps | orthogonal by gate (Saxe et al. 2014) | 0 |
    | embeddings | normal, variance 1/D (in `embed/`) | - |
    | an untied output layer | normal, variance 1/D | 0 |
    | gains, other tables and parameters | as their part set them | |
    """
    inside = {id(m) for c in model.modules() if isinstance(c, Cell) for m in c.modules()}
    for module in model.modules():
        if isinstance(module, Cell):
            by_gate(module)
        elif isinstance(module, nn.Linear) and id(module) not in inside:
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    output = getattr(model, "output", None)
    if output is not None:
        nn.init.normal_(output, std=output.size(-1) ** -0.5)


def by_gate(cell: Cell) -> None:
    """Each gate's W rows of a cell's maps start as a matrix of their own."""
    for name, linear in cell.named_modules():
        if isinstance(linear, nn.Linear):
            for gate in linear.weight.split(cell.width):
                if name == "recur":
                    nn.init.orthogonal_(gate)
                else:
                    nn.init.xavier_uniform_(gate)
