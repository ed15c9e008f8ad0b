"""PABEE, row by row."""

from proving import proof

from regard.stack.pabee import Config

deebert = proof("stack", "deebert")
CONFIGS = [
    Config(layers=5, classes=3, block=block, patience=patience, pool=pool)
    for block, pool in ((deebert.PRE, "first"), (deebert.POST, "mean"))
    for patience in (1, 2, 9)
]


def naive(encoder, x, pass_):
    return deebert.alone(encoder, x, pass_, sure)[0]


def sure(encoder, said):
    """The paper's counter: how often an answer was that of the layer before, since it changed."""
    count, last = 0, None
    for logits in said:
        answer = int(logits.argmax())
        count = count + 1 if answer == last else 0
        last = answer
    return count >= encoder.patience


def limit_endless_patience_is_plain():
    deebert.check_plain(Config(layers=3, block=deebert.PRE, patience=3))


def limit_every_row_takes_what_it_wants():
    deebert.check_alone(CONFIGS, sure)
