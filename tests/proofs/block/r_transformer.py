"""R-Transformer: local RNN, attention, feed-forward."""

from proving import H, proof

from regard.attention.softmax import Config as Softmax
from regard.block.r_transformer import Config
from regard.mixer.local_rnn import Config as LocalRNN

CONFIGS = [
    Config(mixer=Softmax(heads=H), local=LocalRNN(kernel=3), place=place)
    for place in ("pre", "post")
]
plain, local = proof("block", "standard"), proof("mixer", "local_rnn")


def naive(block, x, pass_):
    first, second, third = block.residuals
    near, attention = block.line
    x = plain.added(first, x, lambda x: local.naive(near, x, pass_))
    x = plain.added(second, x, lambda x: attention(x, pass_)[0])
    return plain.added(third, x, lambda x: plain.fed(block.ff, x))
